"""The publication: what people query, swapped in whole."""

from typing import Any

import dagster as dg

from iot_assets.assets.retries import RETRIES
from iot_assets.assets.specs import OWNERS, SERVING, key_of
from iot_assets.resources import POOL, WarehouseResource, data_paths
from iot_assets.settings import Settings
from iot_assets.warehouse.publish import SPANNED, WHOLE, publish


@dg.asset(
    key=SERVING,
    deps=[key_of(table) for table in (*WHOLE, *SPANNED)],
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
    paths = data_paths(settings)
    with warehouse.get_connection() as connection:
        published = publish(
            connection,
            paths.serving,
            whole_rows=settings.serving.whole_rows,
            recent_days=settings.serving.recent_days,
        )
    if not published.changed:
        return dg.MaterializeResult(metadata={"news": "nothing new", "path": dg.MetadataValue.path(paths.serving)})
    return dg.MaterializeResult(
        metadata={
            "path": dg.MetadataValue.path(paths.serving),
            "bytes": published.bytes,
            "dagster/row_count": sum(published.rows.values()),
            **{f"rows {name}": count for name, count in published.rows.items()},
        }
    )
