"""What a sweep found, kept in ``gold.quality_log`` and told to Dagster: one shape for all of them."""

from collections.abc import Mapping
from typing import Any, Final

import dagster as dg
import duckdb

from iot_assets.assets.results import check_result
from iot_assets.warehouse import ledger
from iot_assets.warehouse.contract import CheckResult
from iot_assets.warehouse.tables import Table

_MOST: Final = 20


def swept(
    connection: duckdb.DuckDBPyConnection,
    context: dg.AssetCheckExecutionContext,
    table: Table,
    name: str,
    *,
    found: list[dict[str, Any]],
    facts: Mapping[str, Any],
    fault: bool = True,
) -> dg.AssetCheckResult:
    """The result of a sweep; ``fault`` says that what it finds is a fault of our own, not a finding about data."""
    result = CheckResult(table.full_name, name, not found, fault, "", len(found), found[:_MOST], dict(facts))
    ledger.log(connection, context.run.run_id, [result])
    return check_result(result)
