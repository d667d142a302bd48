"""The conventions, by name: which engine reads them, with which options, and what they are.

Belongs here: one line of meaning and the defaults of each. Does not: how an engine works (its own module), which
topics carry a convention (``routes``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import duckdb

from iot_assets.decoders import json_record, text_lines
from iot_assets.decoders.decoded import Bounds
from iot_assets.decoders.found import Found
from iot_assets.decoders.json_options import JsonRecordOptions
from iot_assets.decoders.options import CommonOptions


@dataclass(frozen=True, slots=True)
class Engine:
    """A way to read payloads: from the view ``intake`` to what is found and the view ``records`` (see ``found``)."""

    name: str
    options: type[CommonOptions]
    read: Callable[[duckdb.DuckDBPyConnection, Any, Bounds], Found]


@dataclass(frozen=True, slots=True)
class Convention:
    """An engine with its defaults."""

    engine: Engine
    description: str
    """What a message holds, in a few words."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    """Markdown for the docs: what the description and the example leave open."""

    def with_options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The defaults with a route's options instead; of tables (limits, units) entry by entry."""
        return {**self.defaults} | {
            name: {**self.defaults[name], **value}
            if isinstance(value, Mapping) and isinstance(self.defaults.get(name), Mapping)
            else value
            for name, value in given.items()
        }


_JSON: Final = Engine("json_record", JsonRecordOptions, json_record.read)
_TEXT_LINES: Final = Engine("text_lines", CommonOptions, text_lines.read)

_DEVICE_FIELDS: Final = ("device_id", "deviceId", "device", "sensor_id", "sensorId", "id")
_TIME_FIELDS: Final = ("timestamp", "time", "ts", "datetime", "dt", "event_at")

CONVENTIONS: Final[Mapping[str, Convention]] = MappingProxyType(
    {
        "sensor_value": Convention(
            _JSON,
            "one value a message: id or sensor_id, dt or timestamp, value, and where given type and unit",
            {
                "device_field": ("id", "sensor_id"),
                "time_field": ("dt", "timestamp"),
                "value_field": ("value",),
                "metric_field": ("type",),
                "unit_field": ("unit",),
                "strings": "number",
            },
        ),
        "telemetry": Convention(
            _JSON,
            "device_id, timestamp, temperature, humidity, pressure, battery_level; version 2: location, too",
            {
                "device_field": ("device_id",),
                "time_field": ("timestamp",),
                "limits": {
                    "temperature": (-50, 100),
                    "humidity": (0, 100),
                    "pressure": (800, 1200),
                    "battery_level": (0, 100),
                    "location.lat": (-90, 90),
                    "location.lon": (-180, 180),
                },
                "units": {
                    "temperature": "Cel",
                    "humidity": "%",
                    "pressure": "hPa",
                    "battery_level": "%",
                    "location.lat": "deg",
                    "location.lon": "deg",
                },
            },
        ),
        "flat_json": Convention(
            _JSON,
            "every field of the object is a metric; fields of objects in it get dotted names",
            {"device_field": _DEVICE_FIELDS, "time_field": _TIME_FIELDS},
        ),
        "text_lines": Convention(
            _TEXT_LINES,
            "lines `epoch name value`, any number of them; the topic says which device",
            note="A bad line is a reject; the other lines of its body are read all the same.",
        ),
    }
)
