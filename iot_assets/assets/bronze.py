"""The unit bronze: landed files become ``bronze.files`` and ``bronze.messages``."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg
import duckdb

from iot_assets.assets.lake import landed_materialization
from iot_assets.assets.results import age_seconds, blocked, emit, latest_of, seconds_since, table_metadata
from iot_assets.assets.retries import RETRIES
from iot_assets.assets.specs import LANDED, check_specs_of, spec_of
from iot_assets.assets.versions import behind
from iot_assets.assets.watching import lander_checks, ledger_check
from iot_assets.errors import ContractError
from iot_assets.resources import POOL, WarehouseResource, data_paths
from iot_assets.settings import Settings
from iot_assets.warehouse import bronze as unit
from iot_assets.warehouse import ledger
from iot_assets.warehouse.connection import scalar
from iot_assets.warehouse.contract import CheckResult
from iot_assets.warehouse.tables import FILES, MESSAGES, Table

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
    began = time.monotonic()
    try:
        with warehouse.get_connection() as connection:
            done = bring_in(connection, settings, context.run.run_id)
            checks = latest_of([*done.checks, *lander_checks(data_paths(settings), settings)])
            ledger.log(connection, context.run.run_id, checks)
            older = behind(connection, settings)
    except ContractError as error:
        yield from blocked(error, warehouse, context.run.run_id)
        return
    done.tables[MESSAGES]["seconds"] = seconds_since(began)
    if done.landed is not None:
        context.log_event(done.landed)
    yield from emit(context, done.tables, checks, older)


@dataclass(frozen=True, slots=True)
class BroughtIn:
    """What bronze did, ready to be told."""

    tables: dict[Table, dict[str, Any]]
    checks: list[CheckResult]
    landed: dg.AssetMaterialization | None


def bring_in(connection: duckdb.DuckDBPyConnection, settings: Settings, run_id: str) -> BroughtIn:
    """Enter all files that the ledger does not know."""
    paths = data_paths(settings)
    entered = list(unit.enter(connection, paths, run_id=run_id, most_messages=settings.warehouse.batch_messages))
    checks = [c for e in entered for c in e.checks] or unit.checks_without_news(connection)
    checks.append(ledger_check(connection, paths))
    tables = _metadata(connection, entered)
    return BroughtIn(tables, checks, _landed(tables, entered) if entered else None)


def _landed(tables: dict[Table, dict[str, Any]], entered: list[unit.Entered]) -> dg.AssetMaterialization:
    newest = tables[FILES].get("newest_received_at")
    newest_at = newest.value if newest is not None else None
    return landed_materialization(
        files=sum(e.files for e in entered),
        messages=sum(e.messages for e in entered),
        size=sum(e.bytes for e in entered),
        newest_at=newest_at,
        lag_seconds=age_seconds(newest_at) if newest_at is not None else None,
        by="a run",
    )


def _metadata(connection: duckdb.DuckDBPyConnection, entered: list[unit.Entered]) -> dict[Table, dict[str, Any]]:
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
        figures["lag_seconds"] = age_seconds(newest.timestamp())
    return {table: table_metadata(connection, table, figures, news=messages > 0) for table in _TABLES}
