"""The unit gold: rollups and latest values, healed where silver has changed."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import duckdb

from iot_assets.assets.results import age_seconds, blocked, emit, seconds_since, table_metadata
from iot_assets.assets.retries import RETRIES
from iot_assets.assets.specs import check_specs_of, key_of, spec_of
from iot_assets.assets.versions import behind
from iot_assets.errors import ContractError
from iot_assets.resources import POOL, WarehouseResource, formulas
from iot_assets.sections.rules import in_force
from iot_assets.settings import Settings
from iot_assets.warehouse import device_status, ledger, quality
from iot_assets.warehouse import gold as unit
from iot_assets.warehouse.connection import scalar
from iot_assets.warehouse.rules import report
from iot_assets.warehouse.tables import (
    DERIVED_1D,
    DERIVED_1H,
    DEVICE_EVENTS,
    DEVICE_STATUS,
    FORMULAS,
    LATEST,
    QUALITY_HOURLY,
    QUALITY_SCORE,
    READINGS,
    READINGS_1D,
    READINGS_1H,
    READINGS_1MIN,
    RULE_HITS,
    Table,
)

#: table → what it is made from, as the lineage shows it.
_MADE_FROM: dict[Table, Table | None] = {
    RULE_HITS: READINGS,
    READINGS_1MIN: READINGS,
    READINGS_1H: READINGS_1MIN,
    READINGS_1D: READINGS_1H,
    LATEST: READINGS,
    FORMULAS: None,
    DERIVED_1H: READINGS_1H,
    DERIVED_1D: READINGS_1D,
    DEVICE_STATUS: LATEST,
    DEVICE_EVENTS: DEVICE_STATUS,
    QUALITY_HOURLY: READINGS_1H,
    QUALITY_SCORE: QUALITY_HOURLY,
}
#: Made by units of their own, as of now.
_STATUS = (DEVICE_STATUS, DEVICE_EVENTS)
_QUALITY = (QUALITY_HOURLY, QUALITY_SCORE)


@dg.multi_asset(
    name="gold",
    specs=[spec_of(table, [key_of(source)] if source else []) for table, source in _MADE_FROM.items()],
    check_specs=[check for table in _MADE_FROM for check in check_specs_of(table)],
    can_subset=True,
    pool=POOL,
    retry_policy=RETRIES,
)
def gold(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], warehouse: WarehouseResource
) -> Iterator[Any]:
    """Heal exactly the buckets that silver has marked, and judge every device and series as of now."""
    began = time.monotonic()
    run_id = context.run.run_id
    try:
        with warehouse.get_connection() as connection:
            rules = in_force(settings.rules)
            healed = unit.heal(connection, run_id=run_id, formulas=formulas(settings), judged_by=rules)
            judged = device_status.update(connection, settings.status, datetime.now(UTC), run_id=run_id)
            scored = quality.update(connection, settings.quality, datetime.now(UTC), run_id=run_id)
            broken = report.check(connection, datetime.now(UTC), warn_hours=settings.rules_warn_hours)
            checks = [*healed.checks, broken, *judged.checks, *scored.checks]
            ledger.log(connection, run_id, checks)
            tables = metadata(connection, healed) | _status_metadata(connection, judged)
            tables |= _quality_metadata(connection, scored)
            older = behind(connection, settings)
    except ContractError as error:
        yield from blocked(error, warehouse, context.run.run_id)
        return
    tables[READINGS_1MIN]["seconds"] = seconds_since(began)
    yield from emit(context, tables, checks, older)


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
        if table not in (*_STATUS, *_QUALITY)
    }


def _status_metadata(
    connection: duckdb.DuckDBPyConnection, judged: device_status.Judged
) -> dict[Table, dict[str, Any]]:
    figures = {**judged.counts, "rows_out": judged.changed}
    return {table: table_metadata(connection, table, figures, news=judged.changed > 0) for table in _STATUS}


def _quality_metadata(connection: duckdb.DuckDBPyConnection, scored: quality.Scored) -> dict[Table, dict[str, Any]]:
    figures: dict[str, Any] = dict(quality.score(connection).facts)
    written = {QUALITY_HOURLY: scored.hours, QUALITY_SCORE: scored.scores}
    return {
        table: table_metadata(connection, table, {**figures, "rows_out": rows}, news=rows > 0)
        for table, rows in written.items()
    }
