"""Batches and marks: what each write unit has applied, so that doing a thing twice equals doing it once."""

from __future__ import annotations

import json
from dataclasses import dataclass

import duckdb

from iot_assets.warehouse.connection import scalar
from iot_assets.warehouse.contract import CheckResult


@dataclass(frozen=True, slots=True)
class Batch:
    """One transaction's worth of landed messages."""

    batch_id: int
    rows: int


def next_batch_id(connection: duckdb.DuckDBPyConnection) -> int:
    """The number of bronze's next batch."""
    return int(scalar(connection, "select coalesce(max(batch_id), 0) + 1 from ops.applied where unit = 'bronze'"))


def pending(connection: duckdb.DuckDBPyConnection, unit: str) -> list[Batch]:
    """Batches that bronze has written and ``unit`` has not, oldest first."""
    found = connection.execute(
        "select batch_id, rows from ops.applied b where unit = 'bronze' and not exists"
        " (select 1 from ops.applied a where a.unit = ? and a.batch_id = b.batch_id) order by batch_id",
        [unit],
    ).fetchall()
    return [Batch(*row) for row in found]


def mark(connection: duckdb.DuckDBPyConnection, unit: str, batch_id: int, run_id: str, rows: int) -> None:
    """Record, inside the transaction that wrote it, that ``unit`` has applied the batch."""
    connection.execute("insert into ops.applied values (?, ?, ?, ?, now())", [unit, batch_id, run_id, rows])


def record(connection: duckdb.DuckDBPyConnection, run_id: str, results: list[CheckResult]) -> None:
    """Keep check results beside the data they judged."""
    if not results:
        return
    connection.executemany(
        "insert into ops.check_results values (?, ?, ?, ?, ?, ?, now())",
        [
            [run_id, r.table, r.name, r.passed, r.failing, json.dumps(r.sample, default=str) if r.sample else None]
            for r in results
        ],
    )
