"""The unit gold: rollups and latest values, healed where silver has changed."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import duckdb

from iot_assets.assets.results import age_seconds, blocked, emit, table_metadata
from iot_assets.assets.retries import RETRIES
from iot_assets.assets.specs import check_specs_of, key_of, spec_of
from iot_assets.errors import ContractError
from iot_assets.resources import POOL, WarehouseResource
from iot_assets.warehouse import gold as unit
from iot_assets.warehouse.connection import scalar
from iot_assets.warehouse.tables import LATEST, READINGS, READINGS_1D, READINGS_1H, READINGS_1MIN, Table

#: table → what it is made from, as the lineage shows it.
_MADE_FROM: dict[Table, Table] = {
    READINGS_1MIN: READINGS,
    READINGS_1H: READINGS_1MIN,
    READINGS_1D: READINGS_1H,
    LATEST: READINGS,
}


@dg.multi_asset(
    name="gold",
    specs=[spec_of(table, [key_of(source)]) for table, source in _MADE_FROM.items()],
    check_specs=[check for table in _MADE_FROM for check in check_specs_of(table)],
    can_subset=True,
    pool=POOL,
    retry_policy=RETRIES,
)
def gold(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Iterator[Any]:
    """Heal exactly the buckets that silver has marked."""
    try:
        with warehouse.get_connection() as connection:
            healed = unit.heal(connection, run_id=context.run.run_id)
            tables = metadata(connection, healed)
    except ContractError as error:
        yield from blocked(error)
        return
    yield from emit(context, tables, healed.checks)


def metadata(connection: duckdb.DuckDBPyConnection, healed: unit.Healed) -> dict[Table, dict[str, Any]]:
    """Metadata of gold's tables after this healing."""
    newest = scalar(connection, "select max(event_at) from gold.latest")
    common: dict[str, Any] = {"batches": healed.batches}
    if newest is not None:
        common["newest_event_at"] = dg.MetadataValue.timestamp(newest.timestamp())
        common["lag_seconds"] = age_seconds(newest.timestamp())
    return {
        table: table_metadata(
            connection,
            table,
            {**common, "rows_out": healed.written.get(table.full_name, 0)},
            news=table.full_name in healed.written,
        )
        for table in _MADE_FROM
    }
