"""The publication: what people query, swapped in whole; and right before it the logs, of alerts and of checks."""

import time
from collections.abc import Iterator
from typing import Any

import dagster as dg
import duckdb

from iot_assets.assets.results import blocked, emit, seconds_since, table_metadata
from iot_assets.assets.retries import RETRIES
from iot_assets.assets.specs import OWNERS, SERVING, check_specs_of, key_of, spec_of
from iot_assets.errors import ContractError
from iot_assets.resources import POOL, WarehouseResource, data_paths
from iot_assets.settings import Settings
from iot_assets.warehouse import ledger
from iot_assets.warehouse.alerts import copy
from iot_assets.warehouse.publish import SPANNED, WHOLE, publish
from iot_assets.warehouse.tables import ALERTS, QUALITY_LOG

_SPEC = dg.AssetSpec(
    SERVING,
    deps=[key_of(table) for table in (*WHOLE, *SPANNED.values())],
    description="data/serving.duckdb: what people query, with views for BI tools; never locked, swapped in whole.",
    group_name="serving",
    kinds={"duckdb"},
    owners=list(OWNERS),
    tags={"unit": "serving"},
)


@dg.multi_asset(
    name="serving",
    specs=[spec_of(ALERTS, []), spec_of(QUALITY_LOG, []), _SPEC],
    check_specs=[*check_specs_of(ALERTS), *check_specs_of(QUALITY_LOG)],
    can_subset=True,
    pool=POOL,
    retry_policy=RETRIES,
)
def serving(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], warehouse: WarehouseResource
) -> Iterator[Any]:
    """Copy the alerts, then publish if anything has changed; in one step, since one more costs more than both do."""
    began, run_id = time.monotonic(), context.run.run_id
    try:
        with warehouse.get_connection() as connection:
            copied = copy(connection, data_paths(settings).alerts, run_id=run_id)
            figures = {"rows_out": copied.changed, "problem": copied.problem}
            checks = [copied.check, ledger.log_check(connection, run_id)]
            ledger.log(connection, run_id, checks)
            log = table_metadata(connection, QUALITY_LOG, {}, news=False)
            alerts = table_metadata(connection, ALERTS, figures, news=copied.changed > 0)
            published = publish_now(connection, settings)
    except ContractError as error:
        yield from blocked(error, warehouse, context.run.run_id)
        return
    if copied.problem is not None:
        context.log.warning(f"the store of alerts cannot be read, the next run tries again: {copied.problem}")
    published["seconds"] = seconds_since(began)
    yield from emit(context, {ALERTS: alerts, QUALITY_LOG: log}, checks)
    if SERVING in context.selected_asset_keys:
        yield dg.MaterializeResult(asset_key=SERVING, metadata=published)
    else:
        context.log_event(dg.AssetMaterialization(SERVING, metadata=published))


def publish_now(connection: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, Any]:
    """Publish, and the metadata that tells of it."""
    path = data_paths(settings).serving
    published = publish(
        connection, path, whole_rows=settings.serving.whole_rows, recent_days=settings.serving.recent_days
    )
    if not published.changed:
        return {"news": "nothing new", "path": dg.MetadataValue.path(path)}
    return {
        "path": dg.MetadataValue.path(path),
        "bytes": published.bytes,
        "dagster/row_count": sum(published.rows.values()),
        **{f"rows {name}": count for name, count in published.rows.items()},
    }
