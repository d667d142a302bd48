"""What a run tells Dagster: materializations with the figures people look for, and check results with their rows.

Belongs here: metadata. Does not: computing what it says.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import dagster as dg
import duckdb
from dagster._core.definitions.data_version import CODE_VERSION_TAG

from iot_assets.assets.specs import key_of
from iot_assets.errors import ContractError
from iot_assets.resources import WarehouseResource
from iot_assets.warehouse import ledger
from iot_assets.warehouse.connection import rows, scalar
from iot_assets.warehouse.contract import CheckResult
from iot_assets.warehouse.ddl import quote
from iot_assets.warehouse.made_by import Behind
from iot_assets.warehouse.tables import Table

_SAMPLE_ROWS = 5


def table_metadata(
    connection: duckdb.DuckDBPyConnection, table: Table, figures: Mapping[str, Any], *, news: bool
) -> dict[str, Any]:
    """Metadata of a table's materialization.

    Args:
        connection: an open connection to the warehouse.
        table: the table.
        figures: what the run did to it: rows in, rows out, ….
        news: whether it did anything; if not, no sample is repeated, to keep history small. The columns are told once,
            with the asset's definition: Dagster stores each metadata entry three times, which was a third of a run.
    """
    metadata: dict[str, Any] = {
        "dagster/row_count": int(scalar(connection, f"select count(*) from {table.full_name}")),
        **{key: value for key, value in figures.items() if value is not None},
    }
    if news:
        metadata["sample"] = dg.MetadataValue.md(_sample(connection, table))
    else:
        metadata["news"] = "nothing new"
    return metadata


def age_seconds(at: float) -> float:
    """Seconds since an instant (seconds since 1970), to a tenth: a lag that people read and Dagster plots."""
    return round(max(time.time() - at, 0.0), 1)


def seconds_since(began: float) -> float:
    """What a unit has worked for since ``time.monotonic()`` was ``began``; the rest of a step is Dagster's records."""
    return round(time.monotonic() - began, 3)


def check_result(result: CheckResult) -> dg.AssetCheckResult:
    """A check's result as Dagster shows it, offending rows included."""
    schema, name = result.table.split(".")
    metadata: dict[str, Any] = {"failing_rows": result.failing, **result.facts}
    if result.sample:
        metadata["rows"] = dg.MetadataValue.md(markdown(result.sample))
    return dg.AssetCheckResult(
        asset_key=dg.AssetKey([schema, name]),
        check_name=result.name,
        passed=result.passed,
        severity=dg.AssetCheckSeverity.ERROR if result.severe else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )


def blocked(error: ContractError, warehouse: WarehouseResource, run_id: str) -> Iterator[dg.AssetCheckResult]:
    """What to say of a write that was rolled back: the failed check with its rows, then the failure of the step.

    Raises:
        dagster.Failure: always, after the check result.
    """
    failed = CheckResult(
        error.table,
        error.check,
        passed=False,
        blocking=True,
        description="",
        failing=len(error.failing),
        sample=error.failing,
    )
    with warehouse.get_connection() as connection:
        ledger.log(connection, run_id, [failed])
    yield check_result(failed)
    raise dg.Failure(description=str(error), allow_retries=False)


def latest_of(checks: Iterable[CheckResult]) -> list[CheckResult]:
    """One result a check, for a step that wrote several transactions: the worst, rows of all failures together."""
    found: dict[tuple[str, str], CheckResult] = {}
    for check in checks:
        name = (check.table, check.name)
        before = found.get(name)
        if before is None or (before.passed and not check.passed):
            found[name] = check
    return list(found.values())


def emit(
    context: dg.AssetExecutionContext,
    tables: Mapping[Table, Mapping[str, Any]],
    checks: Iterable[CheckResult],
    older: Mapping[Table, Behind] = MappingProxyType({}),
) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
    """Materializations and check results of a unit.

    A unit always writes all its tables. Where a run selected only some of them, the others are reported too, by events
    of their own, since Dagster takes outputs only for what was selected. Of a table in ``older``, rows of some days
    were made by other code: that is the version reported, so that Dagster goes on to show it as out of date.
    """
    selected = context.selected_asset_keys
    for table, figures in tables.items():
        behind = older.get(table)
        metadata = {**figures, "days_of_other_code": behind.days} if behind else figures
        if key_of(table) in selected:
            tags = {CODE_VERSION_TAG: behind.version} if behind else None
            yield dg.MaterializeResult(asset_key=key_of(table), metadata=metadata, tags=tags)
        else:
            context.log_event(dg.AssetMaterialization(key_of(table), metadata=metadata))
    for check in checks:
        result = check_result(check)
        assert result.asset_key is not None
        assert result.check_name is not None
        if dg.AssetCheckKey(result.asset_key, result.check_name) in context.selected_asset_check_keys:
            yield result


def markdown(sample: list[dict[str, Any]]) -> str:
    """Rows as a Markdown table, long values cut."""
    if not sample:
        return "no rows"
    names = list(dict.fromkeys(name for row in sample for name in row))
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(_cell(row.get(name)) for name in names) + " |" for row in sample]
    return "\n".join(lines)


def _cell(value: object) -> str:
    text = "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")
    return text if len(text) <= 100 else text[:99] + "…"


def _sample(connection: duckdb.DuckDBPyConnection, table: Table) -> str:
    shown = [c.name for c in table.columns if c.type != "BLOB"][:10]
    names = ", ".join(quote(name) for name in shown)
    # The newest rows; DuckDB finds them by zone maps, where an offset or a max() would read the whole column.
    newest = f" order by {table.time} desc" if table.time else ""
    return markdown(rows(connection, f"select {names} from {table.full_name}{newest} limit {_SAMPLE_ROWS}"))
