"""What Dagster is told of each table before anything runs: key, description, columns, kinds, owners, checks.

Belongs here: the mapping from a table's declaration to Dagster's vocabulary. Does not: what happens in a run.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import dagster as dg

from iot_assets.assets.lineage import column_lineage, told
from iot_assets.warehouse import contract
from iot_assets.warehouse.device_status import SILENT_DEVICES
from iot_assets.warehouse.quality import SCORE
from iot_assets.warehouse.repeats import BOOKS
from iot_assets.warehouse.rules.report import FAILING
from iot_assets.warehouse.tables import Column, Table

OWNERS: Final = ("team:iot-platform",)

LANDED: Final = dg.AssetKey(["lake", "landed"])
SERVING: Final = dg.AssetKey("serving")

#: Checks beyond each table's own contract that a unit's step judges itself: table → name → (meaning, blocking).
STEP_CHECKS: Final[Mapping[str, Mapping[str, tuple[str, bool]]]] = MappingProxyType(
    {
        "bronze.files": {
            "ledger_matches_lake": (
                "Every landed file is in the ledger, every file of the ledger in the lake, none was damaged of late.",
                False,
            ),
            "lander_state": ("A lander reads the broker, with no trouble of disk, broker or session.", False),
            "broker_drops": ("The broker has dropped no messages since the lander started watching.", False),
        },
        "silver.outcomes": {
            "books_balance": (
                "Every landed message has exactly one outcome, and the counters of the touched minutes add up to them.",
                True,
            ),
            "error_rate": (
                "Of the messages that a run decoded no more were rejected than quality.error_rate_warn_percent.",
                False,
            ),
        },
        "silver.duplicates": {"readings_add_up": (BOOKS, True)},
        "silver.devices": {
            "registry_readable": ("The registry file could be read when it was last changed.", False),
            "declared_devices_seen": (
                "Every device that the registry file declares has sent something within registry.seen_within_hours.",
                False,
            ),
        },
        "silver.schema_versions": {
            "schema_drift": (
                "No route has sent a new shape of message, another type or a metric less within drift.warn_hours.",
                False,
            ),
        },
        "gold.device_status": {"silent_devices": (SILENT_DEVICES, False)},
        "gold.rule_hits": {"rules": (FAILING, False)},
        "gold.quality_score": {"score": (SCORE, False)},
        "silver.readings": {
            "event_time_lag": ("The newest event is not older than the setting freshness.lag_warn_minutes.", False),
        },
    }
)


def key_of(table: Table) -> dg.AssetKey:
    """``schema/table``."""
    return dg.AssetKey([table.schema, table.name])


def spec_of(table: Table, deps: Sequence[dg.AssetKey]) -> dg.AssetSpec:
    """The asset of a table."""
    return dg.AssetSpec(
        key_of(table),
        deps=list(deps),
        description=table.description,
        group_name=table.schema,
        kinds={"duckdb", table.schema} if table.schema in {"bronze", "silver", "gold"} else {"duckdb"},
        owners=list(OWNERS),
        tags={"unit": table.schema},
        metadata={
            "dagster/column_schema": column_schema(table),
            "dagster/column_lineage": column_lineage(table),
            "dagster/table_name": f"iot.{table.full_name}",
        },
    )


def check_specs_of(table: Table) -> list[dg.AssetCheckSpec]:
    """The check of the table's declaration, and those that its step judges besides."""
    key = key_of(table)
    specs = [dg.AssetCheckSpec("contract", asset=key, blocking=True, description=contract.promise(table))]
    specs += [
        dg.AssetCheckSpec(name, asset=key, blocking=blocking, description=meaning)
        for name, (meaning, blocking) in STEP_CHECKS.get(table.full_name, {}).items()
    ]
    return specs


def column_schema(table: Table) -> dg.TableSchema:
    """The declared columns as Dagster shows them."""
    return dg.TableSchema([_column(table, c) for c in table.columns])


def _column(table: Table, column: Column) -> dg.TableColumn:
    other = [column.expect] if column.expect else []
    tags: dict[str, Any] = {"unit": column.unit} if column.unit and column.unit.isalnum() else {}
    return dg.TableColumn(
        column.name,
        column.type,
        description=column.description + (f" [{column.unit}]" if column.unit else "") + told(table, column.name),
        constraints=dg.TableColumnConstraints(
            nullable=not column.required, unique=table.key == (column.name,), other=other
        ),
        tags=tags,
    )
