"""The publication: what people query, swapped in whole."""

from typing import Any

import dagster as dg
import duckdb

from iot_assets.assets.retries import RETRIES
from iot_assets.assets.specs import OWNERS, SERVING, key_of
from iot_assets.resources import POOL, WarehouseResource, data_paths
from iot_assets.settings import Settings
from iot_assets.warehouse.publish import SPANNED, WHOLE, publish


@dg.asset(
    key=SERVING,
    deps=[key_of(table) for table in (*WHOLE, *SPANNED.values())],
    description="data/serving.duckdb: the tables people query, never locked, swapped in by an atomic rename.",
    group_name="serving",
    kinds={"duckdb"},
    owners=list(OWNERS),
    tags={"unit": "serving"},
    pool=POOL,
    retry_policy=RETRIES,
)
def serving(settings: dg.ResourceParam[Settings], warehouse: WarehouseResource) -> dg.MaterializeResult[Any]:
    """Publish if anything has changed."""
    with warehouse.get_connection() as connection:
        return dg.MaterializeResult(metadata=publish_now(connection, settings))


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
