"""Replay: rejects are decoded again, as if their messages had only now been settled.

Belongs here: choosing rejects and opening them as a batch of their own. Does not: settling, which is the ordinary path
(``silver.write``): what the messages brought before is withdrawn and what they bring now put in its place, so that
however often a replay is run, nothing is there twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa

from iot_assets.warehouse import ledger
from iot_assets.warehouse.connection import scalar, stage, transaction
from iot_assets.warehouse.ledger import Batch
from iot_assets.warehouse.queries import filled
from iot_assets.warehouse.redelivery import KEPT
from iot_assets.warehouse.silver import batch_messages
from iot_assets.warehouse.spans import Span, instant, spans_of, within


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rejects; a part that is None lets all through. ``topic`` may hold the wildcards ``*`` and ``?``."""

    reason: str | None = None
    topic: str | None = None
    source: str | None = None
    first_at: datetime | None = None
    last_at: datetime | None = None
    message_id: str | None = None


_CHOICE = pa.schema(
    [
        ("reason", pa.string()),
        ("topic", pa.string()),
        ("source", pa.string()),
        ("first_at", pa.timestamp("us", tz="UTC")),
        ("last_at", pa.timestamp("us", tz="UTC")),
        ("message_id", pa.string()),
    ]
)


def open_rejects(
    connection: duckdb.DuckDBPyConnection, choice: Choice, *, since: datetime, most: int, run_id: str
) -> tuple[Batch, pa.Table] | None:
    """Open rejects that were not tried since an instant as a batch; None where there are none (left).

    Returns:
        The batch, for ``silver.write``, and its messages as ``silver.open_batch`` gives them.
    """
    chosen = {name: [getattr(choice, name)] for name in _CHOICE.names}
    stage(connection, "choice", pa.table(chosen, schema=_CHOICE))
    connection.execute(filled("silver/chosen", since=instant(since), most=str(most)))
    if not scalar(connection, "select count(*) from chosen"):
        return None
    received = spans_of(connection, "chosen", "received_at")
    since_then = [Span(received[0].first, received[-1].last + KEPT)]
    connection.execute(
        filled(
            "silver/retried",
            messages=within("bronze.messages", "received_at", received),
            copies=within("bronze.messages", "received_at", since_then),
            outcomes=within("silver.outcomes", "received_at", since_then),
        )
    )
    connection.execute(filled("silver/batch", batch_id="-1"))
    if not (rows := int(scalar(connection, "select count(*) from batch semi join chosen using (message_id)"))):
        return None  # bronze keeps the messages of rejects, so this does not happen; but it must not be for ever
    with transaction(connection):
        batch = Batch(ledger.next_batch_id(connection), rows)
        # An empty batch of bronze: should we be killed now, the ordinary path finds nothing in it and goes on.
        ledger.mark(connection, "bronze", batch.batch_id, run_id, 0)
    return batch, batch_messages(connection)
