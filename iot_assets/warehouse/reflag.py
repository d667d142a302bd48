"""Readings older than what is now said of their time: their flags and units are put right, their hours judged again.

Flags use what was known when a reading was received. Where a registry or an announcement is processed after readings
that were received later than it (two landers, a file found again, a rebuild), those readings were judged too early.
Belongs here: finding and rewriting just those. Does not: what is said (``facts``).
"""

from __future__ import annotations

import duckdb

from iot_assets.warehouse import history, quality
from iot_assets.warehouse.connection import insert, scalar
from iot_assets.warehouse.queries import filled, query
from iot_assets.warehouse.settle import take_out
from iot_assets.warehouse.spans import Span, within


def reflag(connection: duckdb.DuckDBPyConnection, number: str) -> int:
    """Rewrite the rows of silver that the registry now says something else of, and mark their minutes and hours.

    To be called after ``facts.learn``; returns the number of rows rewritten.
    """
    connection.execute(filled("silver/registry_changes"))
    first, last = connection.execute("select min(from_at), max(until_at) from registry_changes").fetchall()[0]
    received = [Span(first, last)] if first is not None else []
    # The interval that a device declares is what its hours are held against. Before any has been judged there are none:
    # least() would pass over the null, and there are many hours until the end of time.
    quality.outdate(
        connection,
        "select device_id, unnest(range(date_trunc('hour', from_at), least(until_at, coalesce((select max(until_at)"
        " from ops.judged), from_at)), interval 1 hour)) as changed_at from registry_changes where metric = ''",
    )
    history.thaw_received(connection, received)
    connection.execute(
        filled(
            "silver/outdated",
            readings=within("silver.readings", "received_at", received),
            corrections=within("silver.corrections", "received_at", received),
        )
    )
    connection.execute(filled("silver/judged", judged="rejudged", unjudged="unjudged"))
    connection.execute(filled("silver/reflagged"))
    take_out(connection, "reflagged")
    for place in ("readings", "corrections"):
        insert(connection, f"silver.{place}", filled("silver/reflagged_rows", batch_id=number, place=place))
    insert(connection, "ops.dirty", query("silver/reflagged_minutes"))
    history.touch(connection, "readings", "(from reflagged where place = 'readings')", "event_at")
    return int(scalar(connection, "select count(*) from reflagged"))
