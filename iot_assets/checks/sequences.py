"""Messages that were lost before the lander had them, told by the numbers that their senders give them.

A sweep, and a warning: nothing here can bring them back. It is computed from bronze each time, so it is a function of
what has landed.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import dagster as dg
import duckdb

from iot_assets.assets.specs import key_of
from iot_assets.checks.swept import swept
from iot_assets.decoders.readers.sparkplug_sequence import Sequences
from iot_assets.resources import POOL, WarehouseResource
from iot_assets.warehouse.connection import scalar
from iot_assets.warehouse.spans import Span, within
from iot_assets.warehouse.tables import MESSAGES

#: A little more than the time between two sweeps.
_WINDOW: Final = timedelta(minutes=65)
_AT_ONCE: Final = 10_000


@dg.asset_check(
    asset=key_of(MESSAGES),
    name="sequence_gaps",
    pool=POOL,
    description="In the last hour no Sparkplug edge node's running number has jumped: none of its messages is lost.",
)
def sequence_gaps(context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Follow the numbers of all edge nodes."""
    sequences = Sequences()
    with warehouse.get_connection() as connection:
        for messages in _recent(connection):
            sequences.follow(messages)
        found = [
            {"edge node": gaps.node, "gaps": gaps.gaps, "messages lost": gaps.lost, "last_at": gaps.last_at}
            for gaps in sequences.found()
        ]
        facts = {"messages_lost": sum(gaps.lost for gaps in sequences.found())}
        return swept(connection, context, MESSAGES, "sequence_gaps", found=found, facts=facts, fault=False)


def _recent(connection: duckdb.DuckDBPyConnection) -> Iterator[list[tuple[str, bytes, datetime]]]:
    """The Sparkplug messages of the last hour that has any message, redeliveries left out, in the order of arrival."""
    newest = scalar(connection, "select max(received_at) from bronze.messages")
    if newest is None:
        return
    window = [Span(newest - _WINDOW, newest)]
    messages = connection.execute(
        f"select topic, payload, received_at from ({within('bronze.messages', 'received_at', window)})"
        " where contains(topic, 'spBv1.0/') and message_id not in (select message_id from"
        f" ({within('silver.outcomes', 'received_at', window)}) where redelivered) order by received_at, message_id"
    )
    while some := messages.fetchmany(_AT_ONCE):
        yield some
