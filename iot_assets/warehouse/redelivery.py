"""Redeliveries: messages that a broker sends once more because a connection ended before it had our acknowledgement.

Belongs here: telling them, also when the original is processed after its redelivery. Does not: what counts as one,
which ``sql/silver/redelivered.sql`` says.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import duckdb

from iot_assets.warehouse import history
from iot_assets.warehouse.connection import scalar
from iot_assets.warehouse.queries import filled
from iot_assets.warehouse.spans import Span, merge, spans_of, within

#: A message is acknowledged as soon as it is durable, so what was not was taken within this time before the end.
_UNACKNOWLEDGED: Final = timedelta(minutes=10)
#: The same as the rule's SQL takes it.
UNACKNOWLEDGED_SQL: Final = f"{int(_UNACKNOWLEDGED.total_seconds())} seconds"
#: A broker keeps our session for so long while we are away (the default of mqtt.session_expiry_seconds).
KEPT: Final = timedelta(days=7)


def open_messages(connection: duckdb.DuckDBPyConnection, number: str) -> None:
    """Make ``batch``, the messages to be settled now, and ``redelivered``, which of them count for nothing.

    Beside those of the bronze batch, that is ``reopened``: whatever was settled before and is seen otherwise now.
    """
    connection.execute(
        "create or replace temp table reopened as"
        " select m.*, f.lander, f.landed_on from bronze.messages m join bronze.files f using (file_id) limit 0"
    )
    connection.execute(
        "create or replace temp table tried as select message_id, attempts, replayed_at from silver.rejects limit 0"
    )
    connection.execute(filled("silver/batch", batch_id=number))
    connection.execute(filled("silver/again", settled=_later_copies(connection)))
    if not scalar(connection, "select count(*) from again"):
        connection.execute("create or replace temp table redelivered as select message_id from again")
        return
    connection.execute(filled("silver/sessions", nearby=_around(connection, "again"), files="bronze.files"))
    connection.execute(
        filled(
            "silver/redelivered",
            tails=within("bronze.messages", "received_at", _tails(connection)),
            unacknowledged=UNACKNOWLEDGED_SQL,
            files="bronze.files",
        )
    )
    settled = spans_of(connection, "(select received_at from again where settled_before)", "received_at")
    connection.execute(filled("silver/reopened", outcomes=within("silver.outcomes", "received_at", settled)))
    if scalar(connection, "select count(*) from reopened"):
        connection.execute(filled("silver/batch", batch_id=number))


def withdraw(connection: duckdb.DuckDBPyConnection) -> None:
    """Take out of the books what the reopened messages have brought.

    ``forgotten`` lists their rows in readings and corrections, ``withdrawn`` their outcomes.
    """
    received = spans_of(connection, "reopened", "received_at")
    history.thaw_received(connection, received)
    names = {
        name: within(f"silver.{name}", "received_at", received) for name in ("readings", "corrections", "outcomes")
    }
    connection.execute(filled("silver/withdrawn", **names))
    for table in ("silver.outcomes", "silver.rejects"):
        for span in received:
            connection.execute(
                f"delete from {table} where {span.condition('received_at')}"
                " and message_id in (select message_id from reopened)"
            )


def _later_copies(connection: duckdb.DuckDBPyConnection) -> str:
    """Messages with dup set of later connections than the batch's; mostly none, since the batch is the newest."""
    # Of all its messages: one without a packet id is no original, but the connection lasted as long as that.
    earliest = scalar(connection, "select min(session) from batch")
    if earliest is None:
        return "select * from bronze.messages where false"
    return f"select * from ({_around(connection, 'batch')}) where session > {earliest} and dup and packet_id > 0"


def _around(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    first, last = connection.execute(f"select min(received_at), max(received_at) from {table}").fetchall()[0]
    spans = [Span(first - KEPT, last + KEPT)] if first is not None else []
    return within("bronze.messages", "received_at", spans)


def _tails(connection: duckdb.DuckDBPyConnection) -> list[Span]:
    ends: list[tuple[datetime]] = connection.execute("select distinct ended_at from sessions order by 1").fetchall()
    return merge([Span(end - _UNACKNOWLEDGED, end) for (end,) in ends])
