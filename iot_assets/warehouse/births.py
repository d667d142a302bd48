"""Births kept from batch to batch, and the messages that must be read again because one of them arrived late.

A message is read with births (``decoders.births``) that may lie in any other batch. Each birth is kept in
``ops.births``; where one arrives that messages settled before should have been read with, these are listed in
``ops.rereads`` in the same transaction and then settled again by the ordinary path, as batches of their own; so are
those that had said the same as these, and now are the only ones to say it. So the tables are a function of what has
landed, whatever the order of processing.
Belongs here: keeping births, finding those that a batch needs, and those messages. Does not: what a birth says.

A rebuild does not forget births: a day that is entered again brings the same ones, and nothing else is read again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import duckdb
import pyarrow as pa

from iot_assets.warehouse import ledger
from iot_assets.warehouse.connection import scalar, stage, transaction
from iot_assets.warehouse.ledger import Batch
from iot_assets.warehouse.queries import filled
from iot_assets.warehouse.spans import Span, spans_of, within

#: Nothing was received later.
_LAST: Final = datetime(9999, 12, 31, tzinfo=UTC)


def known(connection: duckdb.DuckDBPyConnection) -> pa.Table | None:
    """The births from before the open batch that its messages may be read with, as ``decode`` takes them."""
    if not scalar(connection, "select count(*) > 0 from ops.births"):
        return None
    return connection.sql(filled("silver/known_births")).to_arrow_table()


def record(connection: duckdb.DuckDBPyConnection, births: pa.Table) -> None:
    """Keep the births of the open batch, in its transaction, and list the messages that they show in another light."""
    connection.execute("delete from ops.rereads where message_id in (select message_id from batch)")
    _let_speak(connection)
    kept = within("ops.births", "received_at", spans_of(connection, "batch", "received_at"))
    before = int(scalar(connection, f"select count(*) from ({kept}) semi join batch using (message_id)"))
    if not births.num_rows and not before:
        return
    stage(connection, "decoded_births", births)
    connection.execute(filled("silver/births", kept=kept))
    first, last = connection.execute("select min(from_at), max(until_at) from relit").fetchall()[0]
    received = [Span(first, last)] if first is not None else []
    connection.execute(
        filled(
            "silver/rereads",
            messages=within("bronze.messages", "received_at", received),
            outcomes=within("silver.outcomes", "received_at", received),
        )
    )


def _let_speak(connection: duckdb.DuckDBPyConnection) -> None:
    """List the messages that were duplicates of what the messages read again no longer say."""
    if not scalar(connection, "select (select count(*) from forgotten) > 0 and (select count(*) from ops.births) > 0"):
        return
    connection.execute(filled("silver/lost"))
    (first,) = connection.execute("select min(received_at) from lost").fetchall()[0]
    received = [Span(first, _LAST)] if first is not None else []
    connection.execute(
        filled(
            "silver/suppressed",
            messages=within("bronze.messages", "received_at", received),
            outcomes=within("silver.outcomes", "received_at", received),
        )
    )


def open_rereads(connection: duckdb.DuckDBPyConnection, *, most: int, run_id: str) -> Batch | None:
    """Open up to ``most`` of the listed messages, the oldest first, as a batch; None where there are none (left)."""
    while scalar(connection, "select count(*) > 0 from ops.rereads"):
        connection.execute(filled("silver/listed", most=str(most)))
        received = spans_of(connection, "listed", "received_at")
        connection.execute(
            filled(
                "silver/reread",
                messages=within("bronze.messages", "received_at", received),
                outcomes=within("silver.outcomes", "received_at", received),
            )
        )
        connection.execute(filled("silver/batch", batch_id="-1"))
        with transaction(connection):
            # What was forgotten meanwhile is read anew when it is entered again, and need not be listed any more.
            connection.execute(
                "delete from ops.rereads where message_id in"
                " (select message_id from listed where message_id not in (select message_id from batch))"
            )
            if rows := int(scalar(connection, "select count(*) from batch")):
                batch = Batch(ledger.next_batch_id(connection), rows)
                # An empty batch of bronze: should we be killed now, the ordinary path finds nothing in it and goes on.
                ledger.mark(connection, "bronze", batch.batch_id, run_id, 0)
                return batch
    return None
