"""Retention of what the lake holds anyway, and of the warehouse's own book-keeping."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import duckdb

from iot_assets.lake.landed import REGISTRY_SOURCE
from iot_assets.warehouse.connection import scalar, transaction
from iot_assets.warehouse.spans import instant

#: Marks and check results are kept so long; nothing needs them afterwards.
_BOOKKEEPING_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Pruned:
    """Rows deleted."""

    messages: int
    outcomes: int


def prune(connection: duckdb.DuckDBPyConnection, *, bronze_days: int) -> Pruned:
    """Delete messages and outcomes received more than ``bronze_days`` ago that silver and gold have dealt with.

    Registries stay: the history of the devices is made from all of them.
    """
    before = scalar(connection, "select date_trunc('day', now()) - to_days(?)", [bronze_days])
    # Rejects keep their messages, whole, for a replay; what is held is read when the birth comes that it waits for.
    settled = (
        " and batch_id in (select batch_id from ops.applied where unit = 'gold')"
        f" and received_at < {instant(before)}"
        " and message_id not in (select message_id from silver.rejects)"
        " and message_id not in (select message_id from silver.outcomes where outcome = 'held')"
    )
    with transaction(connection):
        messages = int(
            scalar(connection, f"select count(*) from bronze.messages where source <> ?{settled}", [REGISTRY_SOURCE])
        )
        outcomes = int(scalar(connection, f"select count(*) from silver.outcomes where true{settled}"))
        connection.execute(f"delete from bronze.messages where source <> ?{settled}", [REGISTRY_SOURCE])
        connection.execute(f"delete from silver.outcomes where true{settled}")
        connection.execute(
            f"delete from silver.duplicates where received_at < {instant(before)} and message_id not in"
            f" (select message_id from silver.outcomes where received_at < {instant(before)})"
        )
        connection.execute("delete from ops.pruned")
        connection.execute("insert into ops.pruned values (?, now())", [before])
        old = before - timedelta(days=_BOOKKEEPING_DAYS)
        connection.execute(
            "delete from ops.applied where batch_id in (select batch_id from ops.applied where unit = 'gold'"
            " and applied_at < ?) and batch_id < (select max(batch_id) from ops.applied where unit = 'bronze')",
            [old],
        )
    return Pruned(messages, outcomes)
