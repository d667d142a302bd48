"""Duplicates by device: which readings were said before, and how many in each hour.

A reading that is decoded is either kept, in readings or corrections, or it is a duplicate: that is all there is to it,
and so a duplicate is a function of what has landed. Belongs here: keeping silver's two tables of them within the
transaction of silver, and the books. Does not: which of the same readings is kept (``sql/silver/settled.sql``).
"""

from __future__ import annotations

from typing import Final

import duckdb

from iot_assets.warehouse.connection import scalar
from iot_assets.warehouse.contract import CheckResult, checked
from iot_assets.warehouse.queries import filled
from iot_assets.warehouse.spans import devices_of, spans_of, within
from iot_assets.warehouse.tables import DUPLICATES

#: Where a reading that is decoded comes to stand.
_KEPT: Final = ("readings", "corrections", "duplicates")
#: What ``books`` judges.
BOOKS: Final = "Every reading decoded is kept once, in readings or corrections, or is a duplicate."


def take_back(connection: duckdb.DuckDBPyConnection) -> None:
    """Take out the duplicates of the reopened messages; the counts follow in ``record``."""
    received = spans_of(connection, "reopened", "received_at")
    connection.execute(filled("silver/unrepeated", duplicates=within("silver.duplicates", "received_at", received)))
    for span in received:
        connection.execute(
            f"delete from silver.duplicates where {span.condition('received_at')}"
            " and message_id in (select message_id from reopened)"
        )


def record(connection: duckdb.DuckDBPyConnection, number: str) -> None:
    """List and count the duplicates of the open batch, and those that it makes of what was kept before it."""
    said = (
        "select (select count(*) from contenders) + (select count(*) from leaving) + (select count(*) from redelivered)"
    )
    batch = "batch" if scalar(connection, said) else "(from batch limit 0)"
    connection.execute(filled("silver/repeated", batch_id=number, batch=batch))
    connection.execute(filled("silver/recounted"))
    if not scalar(connection, "select count(*) from recounted"):
        return
    hours, only = spans_of(connection, "recounted", "hour_at"), devices_of(connection, "recounted")
    counts = within("silver.duplicate_counts", "hour_at", hours, only=only)
    connection.execute(filled("silver/duplicate_counts", counts=counts))
    for span in hours:
        connection.execute(
            f"delete from silver.duplicate_counts where {span.condition('hour_at')} and {only}"
            " and (device_id, metric, hour_at, landed_on) in"
            " (select (device_id, metric, hour_at, landed_on) from recounted)"
        )
    connection.execute(
        "insert into silver.duplicate_counts by name"
        " select * from changed_duplicates where duplicates <> 0 order by hour_at, device_id, metric"
    )


def touched_counts(connection: duckdb.DuckDBPyConnection, batch_id: int) -> str:
    """A query for the counts of the hours in which a batch has found duplicates."""
    found = f"(select device_id, hour_of(event_at) as hour_at from silver.duplicates where batch_id = {batch_id})"
    hours = spans_of(connection, found, "hour_at")
    return within("silver.duplicate_counts", "hour_at", hours, only=devices_of(connection, found))


def books(connection: duckdb.DuckDBPyConnection, batch_id: int) -> CheckResult:
    """Of each message of the batch, readings kept and duplicates are together what was decoded."""
    # First by sums over all messages, found in a third of the time: mostly there is nothing to show.
    kept = " + ".join(
        f"(select coalesce(sum(hash(message_id)), 0) from silver.{table} where batch_id = {batch_id})"
        for table in _KEPT
    )
    decoded = "select coalesce(sum(readings * hash(message_id)::hugeint), 0) from silver.outcomes"
    if scalar(connection, f"select ({decoded} where batch_id = {batch_id}) = {kept}"):
        return CheckResult(DUPLICATES.full_name, "readings_add_up", True, True, BOOKS)
    rows = "\nunion all\n".join(
        f"select message_id, 0, {int(table != 'duplicates')}, {int(table == 'duplicates')}"
        f" from silver.{table} where batch_id = {batch_id}"
        for table in _KEPT
    )
    offending = f"""
        select message_id, sum(decoded) as decoded, sum(kept) as kept, sum(repeated) as repeated
        from (
            select message_id, readings as decoded, 0 as kept, 0 as repeated
            from silver.outcomes
            where batch_id = {batch_id}
            union all
            {rows}
        )
        semi join batch using (message_id)
        group by message_id
        having sum(decoded) <> sum(kept) + sum(repeated)
    """
    return checked(connection, DUPLICATES, "readings_add_up", offending, blocking=True, description=BOOKS)
