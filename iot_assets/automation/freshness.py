"""Freshness policies, and what catches up a stale root: policy mapped over the graph once, not sprinkled."""

from datetime import timedelta
from typing import Any, Final

import dagster as dg

from iot_assets.assets.specs import key_of
from iot_assets.assets.versions import with_versions
from iot_assets.settings import Settings
from iot_assets.warehouse.tables import FILES, MESSAGES

#: The roots that a condition catches up. Only roots: each evaluation of a condition costs storage.
ROOTS: Final = frozenset({key_of(FILES), key_of(MESSAGES)})


def policy(settings: Settings) -> dg.FreshnessPolicy:
    """The window in which every asset must have been materialized; an idle platform still runs within it."""
    return dg.FreshnessPolicy.time_window(
        fail_window=timedelta(minutes=settings.freshness.fail_minutes),
        warn_window=timedelta(minutes=settings.freshness.warn_minutes),
    )


def catch_up() -> dg.AutomationCondition[Any]:
    """Once per change to stale, unless a run is under way.

    ``newly_true`` matters: freshness is judged every 30 seconds only, so that a bare state would fire again and again.
    """
    stale: dg.AutomationCondition[Any] = (
        dg.AutomationCondition.freshness_warned() | dg.AutomationCondition.freshness_failed()
    )
    return stale.newly_true().since_last_handled() & ~dg.AutomationCondition.in_progress()


def with_policies(defs: dg.Definitions, settings: Settings) -> dg.Definitions:
    """The same definitions, every asset with its code version and freshness policy, the roots with their condition."""

    def apply(spec: dg.AssetSpec) -> dg.AssetSpec:
        spec = dg.apply_freshness_policy(with_versions(spec, settings), policy(settings))
        return spec.replace_attributes(automation_condition=catch_up()) if spec.key in ROOTS else spec

    return defs.permissive_map_resolved_asset_specs(func=apply, selection=None)


CATCH_UP_SENSOR: Final = dg.AutomationConditionSensorDefinition(
    "catch_up",
    target=dg.AssetSelection.assets(*sorted(ROOTS)),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=60,
    description="Materializes the roots once when they have gone stale: the way back when the schedule was stopped.",
)
