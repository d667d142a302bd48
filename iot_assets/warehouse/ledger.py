"""Batches and marks: what each write unit has applied, so that doing a thing twice equals doing it once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import duckdb

from iot_assets.warehouse import contract
from iot_assets.warehouse.connection import scalar
from iot_assets.warehouse.contract import CheckResult
from iot_assets.warehouse.ddl import literal
from iot_assets.warehouse.tables import QUALITY_LOG


@dataclass(frozen=True, slots=True)
class Batch:
    """One transaction's worth of landed messages."""

    batch_id: int
    rows: int


def next_batch_id(connection: duckdb.DuckDBPyConnection) -> int:
    """The number of bronze's next batch."""
    return next_number(connection, "bronze")


def next_number(connection: duckdb.DuckDBPyConnection, unit: str) -> int:
    """The next number of a unit that counts for itself."""
    return int(scalar(connection, "select coalesce(max(batch_id), 0) + 1 from ops.applied where unit = ?", [unit]))


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


def log(connection: duckdb.DuckDBPyConnection, run_id: str, results: list[CheckResult]) -> None:
    """Keep every check result, passed or not, in ``gold.quality_log``: one statement a step."""
    if not results:
        return
    values: list[Any] = []
    for result in results:
        values += [run_id, result.table, result.name, result.passed, "ERROR" if result.severe else "WARN"]
        values += [result.failing, _json(result.facts), _json(result.sample)]
    rows = ", ".join(["(now(), ?, ?, ?, ?, ?, ?, ?, ?)"] * len(results))
    connection.execute(f"insert into gold.quality_log values {rows}", values)


def log_check(connection: duckdb.DuckDBPyConnection, run_id: str) -> CheckResult:
    """The contract of the log itself, over the rows of this run."""
    rows = f"select * from gold.quality_log where run_id = {literal(run_id)} and checked_at > now() - interval 1 day"
    return contract.contract(connection, QUALITY_LOG, among=rows, written=rows)


def _json(told: object) -> str | None:
    return json.dumps(told, default=str) if told else None
