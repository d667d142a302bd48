"""What follows silver in an op that is no asset: gold healed, the copy published, and the assets concerned reported."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
import duckdb

from iot_assets.assets import gold, silver
from iot_assets.assets.serving import publish_now
from iot_assets.assets.specs import SERVING, key_of
from iot_assets.assets.watching import drift_check
from iot_assets.resources import formulas
from iot_assets.sections.rules import in_force
from iot_assets.settings import Settings
from iot_assets.warehouse import gold as gold_unit
from iot_assets.warehouse.silver import Written


def heal_and_publish(
    connection: duckdb.DuckDBPyConnection, settings: Settings, written: list[Written], run_id: str
) -> dict[dg.AssetKey, Mapping[str, Any]]:
    """Heal gold and publish; metadata of each asset from silver on."""
    healed = gold_unit.heal(connection, run_id=run_id, formulas=formulas(settings), judged_by=in_force(settings.rules))
    tables = {
        **silver.metadata(connection, written, drift_check(connection, settings)),
        **gold.metadata(connection, healed),
    }
    published = publish_now(connection, settings)
    return {**{key_of(table): facts for table, facts in tables.items()}, SERVING: published}


def report(
    context: dg.OpExecutionContext, assets: Mapping[dg.AssetKey, Mapping[str, Any]], why: Mapping[str, Any]
) -> None:
    """Report materializations of assets that the op has written."""
    for key, metadata in assets.items():
        context.log_event(dg.AssetMaterialization(key, metadata={**metadata, **why}))
