"""What goes into a decoder and what comes out: the schemas of hatch 2's raw material, declared once.

Belongs here: column names and types of everything ``decode`` takes beside landed messages, and of all it returns.
Does not: how any of it is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

_AT: Final = pa.timestamp("us", tz="UTC")

#: One row a reading. ``row`` is the index of the message in the batch that was handed in.
READINGS_SCHEMA: Final = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("device_id", pa.string(), nullable=False),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("event_at", _AT, nullable=False),
        pa.field("value", pa.float64()),
        pa.field("value_text", pa.string()),
        pa.field("unit", pa.string()),
        pa.field("flags", pa.list_(pa.string()), nullable=False),
        pa.field("event_at_source", pa.string(), nullable=False),
        pa.field("time_text", pa.string()),
        pa.field("declared_id", pa.string()),
        pa.field("position", pa.int32(), nullable=False),
    ]
)

#: At most one row a message: the first thing in it that could not become a reading, and why. ``device_id`` is who sent
#: it where the topic says so, or what could be read of the message; never a guess.
REJECTS_SCHEMA: Final = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("detail", pa.string()),
        pa.field("decoder", pa.string()),
        pa.field("device_id", pa.string()),
    ]
)

#: Exactly one row a message, in the order of the batch. ``sender`` is the device that sent a message which is read with
#: a birth: whatever births say, it is known from the topic. Null for all others.
OUTCOMES_SCHEMA: Final = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("route", pa.string()),
        pa.field("decoder", pa.string()),
        pa.field("sender", pa.string()),
        pa.field("keep_all", pa.bool_()),
    ]
)

#: What a device says about itself (birth certificates, discovery); the same facts as the registry's device rows.
ANNOUNCEMENTS_SCHEMA: Final = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("device_id", pa.string(), nullable=False),
        pa.field("kind", pa.string()),
        pa.field("manufacturer", pa.string()),
        pa.field("model", pa.string()),
        pa.field("site", pa.string()),
        pa.field("lat", pa.float64()),
        pa.field("lon", pa.float64()),
        pa.field("firmware", pa.string()),
        pa.field("installed_at", _AT),
        pa.field("expected_interval_s", pa.float64()),
        pa.field("attributes", pa.string()),
    ]
)

#: What a device says about a metric of its own; the same facts as the registry's metric rows.
ANNOUNCED_METRICS_SCHEMA: Final = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("device_id", pa.string(), nullable=False),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("unit", pa.string()),
        pa.field("min", pa.float64()),
        pa.field("max", pa.float64()),
        pa.field("description", pa.string()),
    ]
)

#: What the messages of a topic are read with (see ``births``). ``row`` is the message that says it; of what is known
#: from before, the first message of the batch that arrived later. ``value`` is opaque to whoever stores it.
BIRTHS_SCHEMA: Final = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("topic", pa.string(), nullable=False),
        pa.field("part", pa.string(), nullable=False),
        pa.field("value", pa.binary(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much is believed; ages are measured against the received time only."""

    max_payload_bytes: int = 1 << 20
    stale_days: int = 30
    future_minutes: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """The result of one batch; each table has the schema of its name above."""

    readings: pa.Table
    rejects: pa.Table
    outcomes: pa.Table
    announcements: pa.Table
    announced_metrics: pa.Table
    births: pa.Table


#: ``outcomes.status``: what became of the message. Silver tells ``telemetry`` from ``duplicate`` among the first.
READINGS: Final = "readings"
REJECTED: Final = "rejected"
NOT_TELEMETRY: Final = "not_telemetry"
HELD: Final = "held"
