"""Replaying rejects after a fix: an op, like the rebuild, that reports the assets it heals."""

from datetime import UTC, datetime

import dagster as dg

from iot_assets.assets.downstream import heal_and_publish, report
from iot_assets.assets.silver import replay_rejects
from iot_assets.resources import POOL, WarehouseResource
from iot_assets.settings import Settings
from iot_assets.warehouse.connection import scalar
from iot_assets.warehouse.replay import Choice


class ReplayConfig(dg.Config):
    """Which rejects; what is not given lets all through."""

    reason: str | None = None
    topic: str | None = None
    source: str | None = None
    received_from: str | None = None
    received_to: str | None = None
    message_id: str | None = None


@dg.op(
    name="replay_rejects",
    pool=POOL,
    description="Decode the chosen rejects again; what works now becomes readings, and gold is healed.",
)
def replay(
    context: dg.OpExecutionContext,
    config: ReplayConfig,
    settings: dg.ResourceParam[Settings],
    warehouse: WarehouseResource,
) -> None:
    """Replay, and tell what came of it."""
    choice = Choice(
        reason=config.reason,
        topic=config.topic,
        source=config.source,
        first_at=_instant(config.received_from),
        last_at=_instant(config.received_to),
        message_id=config.message_id,
    )
    with warehouse.get_connection() as connection:
        before = int(scalar(connection, "select count(*) from silver.rejects"))
        written = replay_rejects(connection, settings, choice, context.run_id)
        left = int(scalar(connection, "select count(*) from silver.rejects"))
        told = heal_and_publish(connection, settings, written, context.run_id)
    report(context, told, {"replayed": sum(w.messages for w in written)})
    tried, added = sum(w.messages for w in written), sum(w.added for w in written)
    context.log.info(f"replayed {tried} rejects: {before - left} are none any more, {added} readings added")


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
