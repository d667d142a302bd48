"""The history that registry files make: from snapshots, each the whole truth of its time, to rows with from and to.

Belongs here: the derivation, a pure function of all snapshots. Does not: reading a snapshot's bytes (``decoders``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from iot_assets.warehouse.tables import DEVICES, METRICS, Table

_ARROW = {"VARCHAR": pa.string(), "DOUBLE": pa.float64(), "TIMESTAMPTZ": pa.timestamp("us", tz="UTC")}
_NOT_DECLARED = {"origin", "first_seen_at", "last_seen_at"}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One registry file as landed: rows of devices and of metrics, named as in silver."""

    received_at: datetime
    devices: pa.Table
    metrics: pa.Table


def history(snapshots: list[Snapshot]) -> tuple[pa.Table, pa.Table]:
    """Rows of silver.devices (but for the sightings) and of silver.metrics, valid from and to.

    Args:
        snapshots: every registry ever landed, in the order of arrival.
    """
    return (
        _history(DEVICES, ("device_id",), [(s.received_at, s.devices) for s in snapshots]),
        _history(METRICS, ("device_id", "metric"), [(s.received_at, s.metrics) for s in snapshots]),
    )


def _history(table: Table, key: tuple[str, ...], snapshots: list[tuple[datetime, pa.Table]]) -> pa.Table:
    facts = [c.name for c in table.columns if c.name not in {*_NOT_DECLARED, "valid_from_at", "valid_to_at"}]
    closed: list[dict[str, Any]] = []
    open_rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for at, rows in snapshots:
        said = {tuple(row[k] for k in key): {f: row.get(f) for f in facts} for row in rows.to_pylist()}
        for name, row in list(open_rows.items()):
            if said.get(name) != {f: row[f] for f in facts}:
                open_rows.pop(name)
                if row["valid_from_at"] < at:  # replaced within the same instant: it never held
                    closed.append({**row, "valid_to_at": at})
        for name, now in said.items():
            open_rows.setdefault(name, {**now, "valid_from_at": at, "valid_to_at": None})
    schema = pa.schema([(c.name, _ARROW[c.type]) for c in table.columns if c.name not in _NOT_DECLARED])
    return pa.Table.from_pylist([*closed, *open_rows.values()], schema=schema)
