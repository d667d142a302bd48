"""Rebuilding a landed day: forget what it brought, then take it in again by the ordinary path, all in one step.

An op and not an asset: a partitioned asset of the same tables would make ``dagster asset materialize --select '*'``
fail, and two assets writing one table would blur the lineage. It reports the assets that it heals.
"""

from datetime import date

import dagster as dg

from iot_assets.assets import silver
from iot_assets.assets.bronze import bring_in
from iot_assets.assets.downstream import heal_and_publish, report
from iot_assets.assets.specs import key_of
from iot_assets.resources import POOL, WarehouseResource
from iot_assets.settings import Settings
from iot_assets.warehouse.rebuild import forget


@dg.op(pool=POOL, description="Forget what the files landed on this day brought, and bring it in again from the lake.")
def rebuild_day(
    context: dg.OpExecutionContext, settings: dg.ResourceParam[Settings], warehouse: WarehouseResource
) -> None:
    """Rebuild the day that is the run's partition key."""
    day = date.fromisoformat(context.partition_key)
    with warehouse.get_connection() as connection:
        forgotten = forget(connection, day)
        context.log.info(f"{day}: forgot {forgotten.readings} readings of {forgotten.files} files")
        brought = bring_in(connection, settings, context.run_id)
        written = silver.settle_pending(connection, settings, context.run_id)
        told = heal_and_publish(connection, settings, written, context.run_id)
    report(
        context, {**{key_of(table): facts for table, facts in brought.tables.items()}, **told}, {"rebuilt": str(day)}
    )
    context.log.info(f"{day}: {sum(w.messages for w in written)} messages decoded again")
