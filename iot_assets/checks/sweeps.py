"""Sweeps: checks across tables that look at more than one minute, in a job of their own.

The queries are written independently of the SQL that builds the tables: they are the second opinion.
"""

from datetime import UTC, date, datetime, timedelta
from importlib import resources
from typing import Any, Final

import dagster as dg
import duckdb

from iot_assets.assets.specs import key_of
from iot_assets.checks.sequences import sequence_gaps
from iot_assets.checks.swept import swept
from iot_assets.resources import POOL, WarehouseResource
from iot_assets.warehouse import history
from iot_assets.warehouse.connection import rows, scalar
from iot_assets.warehouse.tables import DUPLICATE_COUNTS, OUTCOME_COUNTS, READINGS, READINGS_1MIN

_MOST: Final = 20


@dg.asset_check(
    asset=key_of(READINGS_1MIN),
    name="recomputes",
    pool=POOL,
    description="One day of gold, another each hour, equals what an independent query makes of silver.",
)
def gold_recomputes(context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Compare the rollups of one day with a recompute from silver."""
    with warehouse.get_connection() as connection:
        day = _rotating_day(connection)
        found = _offending(connection, "gold_recomputes", day) if day is not None else []
        return swept(connection, context, READINGS_1MIN, "recomputes", found=found, facts={"day": str(day)})


@dg.asset_check(
    asset=key_of(READINGS),
    name="key_of_a_day",
    pool=POOL,
    description="In one day of silver, another each hour, no two rows share device, metric and event time.",
)
def readings_key_of_a_day(context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Look for doubles over a whole day, whichever batches wrote it."""
    with warehouse.get_connection() as connection:
        day = _rotating_day(connection)
        found = _offending(connection, "readings_key_of_a_day", day) if day is not None else []
        return swept(connection, context, READINGS, "key_of_a_day", found=found, facts={"day": str(day)})


@dg.asset_check(
    asset=key_of(OUTCOME_COUNTS),
    name="books_balance_everywhere",
    pool=POOL,
    description="Outcomes counted equal messages landed: by landed day, and by minute as far back as bronze reaches.",
)
def books_balance_everywhere(
    context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource
) -> dg.AssetCheckResult:
    """The books, all of them."""
    with warehouse.get_connection() as connection:
        found = _offending(connection, "books_balance_everywhere", None)
        messages = int(scalar(connection, "select coalesce(sum(messages), 0) from silver.outcome_counts"))
        facts = {"messages": messages}
        return swept(connection, context, OUTCOME_COUNTS, "books_balance_everywhere", found=found, facts=facts)


@dg.asset_check(
    asset=key_of(DUPLICATE_COUNTS),
    name="duplicates_add_up",
    pool=POOL,
    description="Duplicates counted equal those listed, of every landed day of which all messages are still in bronze.",
)
def duplicates_add_up(context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """The books of duplicates."""
    with warehouse.get_connection() as connection:
        found = _offending(connection, "duplicates_add_up", None)
        duplicates = int(scalar(connection, "select coalesce(sum(duplicates), 0) from silver.duplicate_counts"))
        facts = {"duplicates": duplicates}
        return swept(connection, context, DUPLICATE_COUNTS, "duplicates_add_up", found=found, facts=facts)


SWEEPS: Final = (gold_recomputes, readings_key_of_a_day, books_balance_everywhere, duplicates_add_up, sequence_gaps)


def _rotating_day(connection: duckdb.DuckDBPyConnection) -> date | None:
    """A day that has rollups: another one each hour, so that all of them have their turn."""
    days = [
        row[0]
        for row in connection.execute("select distinct bucket_at::date from gold.readings_1d order by 1").fetchall()
    ]
    hours = int(datetime.now(UTC).timestamp() // 3600)
    return days[hours % len(days)] if days else None


def _offending(connection: duckdb.DuckDBPyConnection, name: str, day: date | None) -> list[dict[str, Any]]:
    sql = resources.files("iot_assets.checks").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    if day is not None:
        # Literal bounds, so that only that day is read.
        for kind in history.KINDS:
            sql = sql.replace("{" + kind + "}", f"({history.of_day(connection, kind, day)})")
        sql = sql.replace("{from}", f"timestamptz '{day} 00:00:00+00'")
        sql = sql.replace("{to}", f"timestamptz '{day + timedelta(days=1)} 00:00:00+00'")
    return rows(connection, f"select * from ({sql.rstrip().rstrip(';')}) limit {_MOST}")
