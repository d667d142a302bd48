"""The settings under which the demo runs: the user's own, but with its broker, its routes and its registry.

Belongs here: which settings the demo decides, and how the processes are told so. Does not: a file of the user's; the
demo needs none and changes none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from iot_assets.demo.devices import SENSOR_RANGE
from iot_assets.settings import Mqtt, Registry, Route, Settings

BROKER_HOST: Final = "127.0.0.1"
#: The fleet's wall clocks show UTC and do not say so, as the real devices' clocks do not. The messages on the topic
#: ``sensors`` name no metric, which the registry could give limits to, so the route does.
ROUTES: Final = (
    Route(
        topic="sensors",
        convention="sensor_value",
        options={"timezone": "UTC", "units": {"value": "C"}, "limits": {"value": list(SENSOR_RANGE)}},
    ),
    Route(topic="telemetry/#", convention="telemetry", options={"timezone": "UTC"}),
)
_SECTIONS: Final = ("mqtt", "registry", "routes")


def demo_settings(settings: Settings, registry_file: Path) -> Settings:
    """The settings of the demo's processes: those given, but for the sections ``mqtt``, ``registry`` and ``routes``."""
    mqtt = Mqtt(host=BROKER_HOST, port=settings.demo.broker_port, client_id=f"{settings.mqtt.client_id}-demo"[:200])
    registry = Registry(file=registry_file)
    return settings.model_copy(
        update={"mqtt": mqtt, "registry": registry, "routes": (*settings.routes, *ROUTES)},
    )


def demo_environment(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment that makes a process read just these settings.

    Each section goes over whole, as one JSON variable: every key of it is said, so none of the user's file or
    environment shines through.
    """
    kept = {name: value for name, value in environment.items() if not _of_section(name)}
    tree = settings.model_dump(mode="json", include=set(_SECTIONS))
    return kept | {f"IOT_{name.upper()}": json.dumps(tree[name]) for name in _SECTIONS}


def _of_section(name: str) -> bool:
    return name.upper().split("__")[0] in {f"IOT_{section.upper()}" for section in _SECTIONS}
