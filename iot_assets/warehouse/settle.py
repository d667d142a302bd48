"""Settling: what silver's readings and corrections become when some arrive and some are taken out.

Belongs here: the order of the statements that keep identity (first arrival, corrections), and deleting listed rows.
Does not: where the arriving come from (``silver``), the rules themselves (``sql/silver/settled.sql``).
"""

from __future__ import annotations

from typing import Final

import duckdb

from iot_assets.warehouse import history
from iot_assets.warehouse.queries import filled
from iot_assets.warehouse.spans import spans_of, within

# What has a declared id may stand anywhere in its day.
_DAYS: Final = """
    select unnest([date_trunc('day', event_at), date_trunc('day', event_at) + interval 1 day - interval 1 microsecond])
    from arriving where declared_id is not null
    """


def settle(connection: duckdb.DuckDBPyConnection, number: str) -> None:
    """Bring readings and corrections to what the temporary tables ``arriving`` and ``forgotten`` make of them."""
    touched = f"(select event_at from arriving union all select event_at from forgotten union all {_DAYS})"
    history.thaw(connection, "readings", touched, "event_at")
    spans = spans_of(connection, touched, "event_at")
    connection.execute(
        filled(
            "silver/standing",
            readings=within("silver.readings", "event_at", spans),
            corrections=within("silver.corrections", "event_at", spans),
        )
    )
    connection.execute(filled("silver/settled", batch_id=number))
    connection.execute(filled("silver/leaving"))
    take_out(connection, "leaving")
    connection.execute(filled("silver/readings", batch_id=number))
    connection.execute(filled("silver/dirty"))
    history.touch(connection, "readings", "dirtied", "minute_at")


def take_out(connection: duckdb.DuckDBPyConnection, listed: str) -> None:
    """Delete from readings and corrections the rows that the temporary table ``listed`` holds, by its column place."""
    for place in ("readings", "corrections"):
        rows = f"(select * from {listed} where place = '{place}')"
        for span in spans_of(connection, rows, "event_at"):
            connection.execute(
                f"delete from silver.{place} where {span.condition('event_at')}"
                " and (device_id, metric, event_at, message_id, position) in"
                f" (select (device_id, metric, event_at, message_id, position) from {rows})"
            )
