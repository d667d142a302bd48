"""The history of alerts: copied from the store, where they happen, to gold.alerts, which keeps them for ever.

The store is a file that several processes write and none may be kept waiting for, so the warehouse does not take its
place. Belongs here: the copy. Does not: alerts (``alerts``, whose file is all that is known of them here).
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from iot_assets.warehouse import contract, ledger
from iot_assets.warehouse.connection import scalar, stage, transaction
from iot_assets.warehouse.contract import CheckResult
from iot_assets.warehouse.queries import query
from iot_assets.warehouse.tables import ALERTS

_WAIT_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Copied:
    """How many alerts have changed, what the table's check says, and why the store could not be read, if so."""

    changed: int
    check: CheckResult
    problem: str | None = None


def copy(connection: duckdb.DuckDBPyConnection, store: Path, *, run_id: str) -> Copied:
    """Copy what has changed since the last time.

    Raises:
        ContractError: a blocking check failed; nothing was written.
    """
    problem = None
    try:
        arriving = _raised(store)
    except sqlite3.Error as error:  # what people were told is no reason to keep readings from them
        problem, arriving = str(error), _table([])
    with transaction(connection):
        stage(connection, "arriving_alerts", arriving)
        connection.execute(query("gold/alerts"))
        changed = int(scalar(connection, "select count(*) from changed_alerts"))
        if changed:
            connection.execute("delete from gold.alerts where alert_id in (select alert_id from changed_alerts)")
            connection.execute(
                "insert into gold.alerts by name select * from changed_alerts order by raised_at, alert_id"
            )
            ledger.mark(connection, "alerts", ledger.next_number(connection, "alerts"), run_id, changed)
        check = contract.contract(
            connection, ALERTS, among="select * from gold.alerts", written="select * from changed_alerts"
        )
        contract.judge([check])
    return Copied(changed, check, problem)


def _raised(store: Path) -> pa.Table:
    """The store's alerts that were raised; none where there is no store."""
    if not store.exists():
        return _table([])
    opened = sqlite3.connect(f"{store.absolute().as_uri()}?mode=ro", uri=True, timeout=_WAIT_SECONDS)
    try:
        names = ", ".join(column.name for column in ALERTS.columns)
        return _table(opened.execute(f"select {names} from alerts where raised_at is not null").fetchall())
    finally:
        opened.close()


def _table(rows: list[tuple[Any, ...]]) -> pa.Table:
    """Rows of the store with the types of gold.alerts."""
    columns = {}
    for at, column in enumerate(ALERTS.columns):
        values = [row[at] for row in rows]
        if column.type == "TIMESTAMPTZ":
            instants = [None if value is None else datetime.fromisoformat(value) for value in values]
            columns[column.name] = pa.array(instants, pa.timestamp("us", tz="UTC"))
        else:
            columns[column.name] = pa.array(values, pa.int64() if column.type == "BIGINT" else pa.string())
    return pa.table(columns)
