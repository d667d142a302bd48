"""The unit bronze: landed files become ``bronze.files`` and ``bronze.messages``."""

import time
from collections.abc import Iterator
from typing import Any

import dagster as dg
import duckdb

from iot_assets.assets.lake import landed_materialization
from iot_assets.assets.results import blocked, emit, latest_of, table_metadata
from iot_assets.assets.retries import RETRIES
from iot_assets.assets.specs import LANDED, check_specs_of, spec_of
from iot_assets.assets.watching import lander_checks, ledger_check
from iot_assets.errors import ContractError
from iot_assets.resources import POOL, WarehouseResource, data_paths
from iot_assets.settings import Settings
from iot_assets.warehouse import bronze as unit
from iot_assets.warehouse.connection import scalar
from iot_assets.warehouse.tables import FILES, MESSAGES

_TABLES = (FILES, MESSAGES)


@dg.multi_asset(
    name="bronze",
    specs=[spec_of(table, [LANDED]) for table in _TABLES],
    check_specs=[check for table in _TABLES for check in check_specs_of(table)],
    can_subset=True,
    pool=POOL,
    retry_policy=RETRIES,
)
def bronze(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], warehouse: WarehouseResource
) -> Iterator[Any]:
    """Enter what has landed, exactly once."""
    paths = data_paths(settings)
    try:
        with warehouse.get_connection() as connection:
            entered = list(
                unit.enter(
                    connection, paths, run_id=context.run_id, most_messages=settings.warehouse.batch_messages
                )
            )
            checks = [c for e in entered for c in e.checks] or unit.checks_without_news(connection)
            checks.append(ledger_check(connection, paths))
            tables = _metadata(connection, entered)
    except ContractError as error:
        yield from blocked(error)
        return
    checks += lander_checks(paths, settings)
    if entered:
        newest = tables[FILES]["newest_received_at"].value
        context.log_event(
            landed_materialization(
                files=sum(e.files for e in entered),
                messages=sum(e.messages for e in entered),
                size=sum(e.bytes for e in entered),
                newest_at=newest,
                lag_seconds=max(time.time() - newest, 0.0),
                by="the minute run",
            )
        )
    yield from emit(context, tables, latest_of(checks))


def _metadata(connection: duckdb.DuckDBPyConnection, entered: list[unit.Entered]) -> dict[Any, dict[str, Any]]:
    messages = sum(e.messages for e in entered)
    figures: dict[str, Any] = {
        "files_in": sum(e.files for e in entered),
        "files_corrupt": sum(e.corrupt for e in entered),
        "rows_in": messages,
        "bytes_in": sum(e.bytes for e in entered),
        "transactions": len(entered),
    }
    newest = scalar(connection, "select max(last_received_at) from bronze.files")
    if newest is not None:
        figures["newest_received_at"] = dg.MetadataValue.timestamp(newest.timestamp())
        figures["lag_seconds"] = max(time.time() - newest.timestamp(), 0.0)
    return {table: table_metadata(connection, table, figures, news=messages > 0) for table in _TABLES}
