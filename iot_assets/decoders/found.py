"""What an engine finds in the payloads of a group, before anyone judges it.

Belongs here: the shapes of the tables that engines hand to ``judge``. Does not: how they are found.
An engine also leaves a view ``records(row, record, received_at, device_prefix, device_captured, device_suffix, device,
device_fault, t, time_fault, declared_id)``: who and when. ``record`` is unique in the group, ``t`` the text of the
time; the faults say that the field is there but cannot be a name or a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

#: One row a measurement, tied to its record. Where ``reason`` is not null it is a fault instead.
FIELDS_SCHEMA: Final = pa.schema(
    [
        pa.field("record", pa.int64()),
        pa.field("position", pa.int32()),
        pa.field("metric", pa.string()),
        pa.field("value", pa.float64()),
        pa.field("value_text", pa.string()),
        pa.field("unit", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
    ]
)

#: One row a message that cannot be read at all.
FAULTS_SCHEMA: Final = pa.schema(
    [pa.field("row", pa.int64()), pa.field("reason", pa.string()), pa.field("detail", pa.string())]
)


@dataclass(frozen=True, slots=True)
class Found:
    """The measurements and the faults of a group of messages."""

    fields: pa.Table
    faults: pa.Table
