"""The conventions, by name: which engine reads them, with which options, and what they are.

Belongs here: one line of meaning and the defaults of each. Does not: how an engine works (its own module), which
topics carry a convention (``routes``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from iot_assets.decoders import json_record, text_lines
from iot_assets.decoders.births import BirthReader
from iot_assets.decoders.by_message import ByMessage, Reader
from iot_assets.decoders.found import Found
from iot_assets.decoders.json_options import JsonRecordOptions
from iot_assets.decoders.options import CommonOptions
from iot_assets.decoders.readers import (
    chirpstack,
    cloudevents,
    hsl_hfp,
    kepserver,
    meshtastic,
    opcua_pubsub,
    sitewise,
    sparkplug_b,
    thethingsstack,
    wis2,
)


@dataclass(frozen=True, slots=True)
class Engine:
    """A way to read payloads: from the view ``intake`` to what is found and the view ``records`` (see ``found``)."""

    name: str
    options: type[CommonOptions]
    read: Callable[..., Found]
    """Called with the connection, the options and the bounds; where there are births, with these by name."""
    births: BirthReader | None = None
    """How births are read, where messages are read with others that came before."""


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


def _read_by(reader: Reader) -> Engine:
    """The engine for a convention that has a reader of its own, and only the options that all have."""
    return Engine(reader.__module__.rpartition(".")[2], CommonOptions, ByMessage(reader))


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
        "chirpstack": Convention(
            _read_by(chirpstack.read),
            "ChirpStack v4: what a LoRaWAN device measured (the codec's object) and how well it was heard, in JSON",
            note=(
                "The device is its EUI. Measurements keep the names that the codec gives them; the radio link is under "
                "`link.`, told by the gateway that heard the device best. Without a codec there is only the link. "
                "A join tells the registry about the device; acknowledgements and logs are no telemetry."
            ),
        ),
        "thethingsstack": Convention(
            _read_by(thethingsstack.read),
            "The Things Stack v3: what a LoRaWAN device measured (the decoded payload) and how well it was heard",
            note=(
                "The device is `application@tenant/device`, since a device's name is unique in its application only. "
                "The time is the network server's. Normalized payloads are under `normalized.`, with their units. What "
                "The Things Stack leaves out because it is zero (frame counter, signal-to-noise ratio) is 0. A "
                "simulated uplink is flagged `uncertain`."
            ),
        ),
        "meshtastic": Convention(
            _read_by(meshtastic.read),
            "Meshtastic: telemetry and positions of mesh nodes, from the JSON that gateways publish",
            note=(
                "The device is the node that sent the packet (`!7efeee00`), whichever gateway heard it. Node "
                "information goes to the registry; texts, waypoints and encrypted packets are no telemetry."
            ),
        ),
        "sparkplug_b": Convention(
            Engine("sparkplug_b", CommonOptions, ByMessage(sparkplug_b.read), sparkplug_b.BIRTHS),
            "Sparkplug B: births, data and deaths of edge nodes and their devices, in Protocol Buffers",
            note=(
                "The device is `group/node` or `group/node/device`. What a birth says of aliases, types and units "
                "holds until the next one; data whose birth has not arrived is held, and read when it has. More in "
                "[Sparkplug B](sparkplug.md)."
            ),
        ),
        "sitewise": Convention(
            _read_by(sitewise.read),
            "AWS IoT SiteWise: time, quality and value of properties, put, streamed or notified",
            note="An alias `/plant/line/power` is the metric `power` of the device `plant/line`; without an alias, "
            "the asset is the device and the property the metric.",
        ),
        "opcua_pubsub": Convention(
            _read_by(opcua_pubsub.read),
            "OPC UA PubSub in JSON, and the samples and batches of OPC Publisher",
            note=(
                "The device is `publisher/writer`. Each field has its own source time. A status code that is not good "
                "flags the reading `uncertain` or `bad_quality`; a field without a value measures nothing. Arrays are "
                "left out. Metadata, keep-alive messages and events are no telemetry."
            ),
        ),
        "cloudevents": Convention(
            _read_by(cloudevents.read),
            "CloudEvents 1.0 around JSON or plain text: structured, as a batch, or in headers and user properties",
            note="The device is the source, with the subject after a slash. Data of another content type is a reject.",
        ),
        "hsl_hfp": Convention(
            _read_by(hsl_hfp.read),
            "HFP: positions and events of Helsinki's buses, trams and trains",
            note="The device is operator and vehicle number as they stand in the topic; events other than positions "
            "have a metric `event`.",
        ),
        "kepserver": Convention(
            _read_by(kepserver.read),
            "KEPServerEX IoT Gateway: tags with value, quality and time",
            note="A tag `Channel.Device.Group.Tag` is the metric `Group.Tag` of the device `Channel.Device`.",
        ),
        "wis2": Convention(
            _read_by(wis2.read),
            "WIS2 notifications of weather data: recognised, and no telemetry",
        ),
    }
)
