"""Judging all readings anew by the rules in force: an op, like the rebuild, that reports the assets it heals."""

import dagster as dg

from iot_assets.assets.downstream import heal_and_publish, report
from iot_assets.resources import POOL, WarehouseResource, formulas
from iot_assets.sections.rules import in_force
from iot_assets.settings import Settings
from iot_assets.warehouse.connection import transaction
from iot_assets.warehouse.gold import heal
from iot_assets.warehouse.rules import backlog


@dg.op(pool=POOL, description="Judge every day by the rules in force, also those that only the lake has; heal gold.")
def rejudge_all(
    context: dg.OpExecutionContext, settings: dg.ResourceParam[Settings], warehouse: WarehouseResource
) -> None:
    """A transaction for as many days as are not too much for one."""
    with warehouse.get_connection() as connection:
        with transaction(connection):
            backlog.list_all(connection)
        context.log.info(f"{backlog.left(connection)} days, or parts of large ones, are judged again")
        while backlog.left(connection):
            heal(
                connection,
                run_id=context.run_id,
                formulas=formulas(settings),
                judged_by=in_force(settings.rules),
            )
        told = heal_and_publish(connection, settings, [], context.run_id)
    report(context, told, {"judged": "every day"})
