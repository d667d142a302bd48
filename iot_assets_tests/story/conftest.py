"""Fixtures of the stories: houses, each in a folder of its own, emptied of processes whatever happens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from iot_assets_tests.brokers import Mosquitto
from iot_assets_tests.story.processes import House

HouseFactory: TypeAlias = Callable[..., House]


@pytest.fixture
def house_at(tmp_path: Path) -> Iterator[HouseFactory]:
    """Make a platform that reads from a broker: ``house_at(broker, seal_seconds=1, IOT_…="…")``."""
    made: list[House] = []

    def make(
        broker: Mosquitto,
        *,
        seal_seconds: int = 1,
        routes: list[dict[str, object]] | None = None,
        **variables: str,
    ) -> House:
        settings = {
            "IOT_MQTT__HOST": broker.host,
            "IOT_MQTT__PORT": str(broker.port),
            "IOT_MQTT__RECONNECT_MAX_SECONDS": "1",
            "IOT_LANDER__SEAL_SECONDS": str(seal_seconds),
            **({"IOT_ROUTES": json.dumps(routes)} if routes else {}),
            **variables,
        }
        made.append(House(tmp_path / f"house{len(made)}", settings))
        return made[-1]

    yield make
    for house in made:
        house.close()
