"""What an engine finds in the payloads of a group, before anyone judges it.

Belongs here: the shapes of the tables that engines hand to ``judge``. Does not: how they are found.
An engine also leaves a view ``records(row, record, received_at, device_prefix, device_captured, device_suffix,
device_default, device,
device_fault, t, known_us, relative, time_fault, declared_id)``: who and when. ``record`` is unique in the group, ``t``
the text of the time, ``known_us`` the time itself where the convention leaves no doubt (microseconds since 1970);
the faults say that the field is there but cannot be a name or a time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa

from iot_assets.decoders.decoded import ANNOUNCED_METRICS_SCHEMA, ANNOUNCEMENTS_SCHEMA

#: One row a record, for engines in Python: what ``records`` says beyond the message itself.
RECORDS_SCHEMA: Final = pa.schema(
    [
        pa.field("row", pa.int64()),
        pa.field("record", pa.int64()),
        pa.field("device", pa.string()),
        pa.field("t", pa.string()),
        pa.field("known_us", pa.int64()),
        pa.field("relative", pa.bool_()),
        pa.field("declared_id", pa.string()),
    ]
)

#: One row a measurement, tied to its record. Where ``reason`` is not null it is a fault instead. ``flags`` are bits of
#: ``judge.FLAG_BITS``: what the device itself says of the measurement; null is none.
FIELDS_SCHEMA: Final = pa.schema(
    [
        pa.field("record", pa.int64()),
        pa.field("position", pa.int32()),
        pa.field("metric", pa.string()),
        pa.field("value", pa.float64()),
        pa.field("value_text", pa.string()),
        pa.field("unit", pa.string()),
        pa.field("flags", pa.int16()),
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
    ]
)

#: One row a message that cannot be read at all.
FAULTS_SCHEMA: Final = pa.schema(
    [pa.field("row", pa.int64()), pa.field("reason", pa.string()), pa.field("detail", pa.string())]
)

#: What devices say of themselves. ``topic``, where it is not null, is one that the device's readings come under: if a
#: route tells a device id from it, that is the device.
TOLD_ANNOUNCEMENTS_SCHEMA: Final = ANNOUNCEMENTS_SCHEMA.append(pa.field("topic", pa.string()))
TOLD_METRICS_SCHEMA: Final = ANNOUNCED_METRICS_SCHEMA.append(pa.field("topic", pa.string()))

#: One row a message that is read with a birth: the device that sent it, whatever comes out.
SENDERS_SCHEMA: Final = pa.schema([pa.field("row", pa.int64()), pa.field("device_id", pa.string())])


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The measurements and the faults of a group of messages, and what else they say.

    ``not_telemetry`` and ``held`` are rows of messages; a message that gives a reading all the same is telemetry.
    ``device_id`` of an announcement is null where it is the device that the topic names.
    """

    fields: pa.Table
    faults: pa.Table
    not_telemetry: pa.Array = field(default_factory=lambda: pa.array([], pa.int64()))
    held: pa.Array = field(default_factory=lambda: pa.array([], pa.int64()))
    senders: pa.Table = field(default_factory=SENDERS_SCHEMA.empty_table)
    announcements: pa.Table = field(default_factory=TOLD_ANNOUNCEMENTS_SCHEMA.empty_table)
    announced_metrics: pa.Table = field(default_factory=TOLD_METRICS_SCHEMA.empty_table)
