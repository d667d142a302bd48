"""Asking Sparkplug edge nodes for the births that held data waits for."""

import time
from datetime import timedelta
from typing import Final

import dagster as dg
import duckdb

from iot_assets.decoders.readers.sparkplug_commands import node_of, rebirth
from iot_assets.landing.command import send
from iot_assets.resources import POOL, WarehouseResource
from iot_assets.settings import Settings
from iot_assets.warehouse.connection import scalar
from iot_assets.warehouse.spans import Span, within

#: A node whose data was held before that has fallen silent, and is not asked.
_RECENT: Final = timedelta(minutes=15)


@dg.op(
    name="ask_for_births",
    pool=POOL,
    description="Publish a rebirth request to each edge node that has lately sent data whose birth is not known.",
)
def ask_for_births(
    context: dg.OpExecutionContext, settings: dg.ResourceParam[Settings], warehouse: WarehouseResource
) -> None:
    """Ask, and tell whom."""
    with warehouse.get_connection() as connection:
        nodes = nodes_waited_for(connection)
    now_ms = time.time_ns() // 1_000_000
    send(settings.mqtt, [rebirth(node, now_ms) for node in nodes])
    context.log.info(f"asked {len(nodes)} edge nodes for their births: {', '.join(nodes) or 'none'}")


def nodes_waited_for(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Edge nodes of which data was held lately."""
    newest = scalar(connection, "select max(received_at) from silver.outcomes")
    if newest is None:
        return []
    window = [Span(newest - _RECENT, newest)]
    topics = connection.execute(
        f"select distinct topic from ({within('bronze.messages', 'received_at', window)}) where message_id in (select"
        f" message_id from ({within('silver.outcomes', 'received_at', window)}) where outcome = 'held')"
    ).fetchall()
    return sorted({node for (topic,) in topics if (node := node_of(topic)) is not None})
