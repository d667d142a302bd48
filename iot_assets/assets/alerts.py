"""The history of alerts as Dagster sees it: copied by each minute's run, and published like all else.

Belongs here: the step. Does not: the copy (``warehouse/alerts.py``), reporting failed runs (``automation/alerts.py``).
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from iot_assets.assets.results import blocked, emit, table_metadata
from iot_assets.assets.retries import RETRIES
from iot_assets.assets.specs import check_specs_of, spec_of
from iot_assets.errors import ContractError
from iot_assets.resources import POOL, WarehouseResource, data_paths
from iot_assets.settings import Settings
from iot_assets.warehouse.alerts import copy
from iot_assets.warehouse.tables import ALERTS


@dg.multi_asset(
    name="alerts",
    specs=[spec_of(ALERTS, [])],
    check_specs=check_specs_of(ALERTS),
    can_subset=True,
    pool=POOL,
    retry_policy=RETRIES,
)
def alerts(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], warehouse: WarehouseResource
) -> Iterator[Any]:
    """Copy what has changed."""
    try:
        with warehouse.get_connection() as connection:
            done = copy(connection, data_paths(settings).alerts, run_id=context.run.run_id)
            figures = {"rows_out": done.changed, "problem": done.problem}
            metadata = table_metadata(connection, ALERTS, figures, news=done.changed > 0)
    except ContractError as error:
        yield from blocked(error)
        return
    if done.problem is not None:
        context.log.warning(f"the store of alerts cannot be read, the next run tries again: {done.problem}")
    yield from emit(context, {ALERTS: metadata}, [done.check])
