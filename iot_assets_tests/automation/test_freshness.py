"""Freshness: every asset has a policy, and a stale root is caught up once for each change to stale."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from iot_assets.automation.freshness import ROOTS
from iot_assets.errors import SettingsError
from iot_assets.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from iot_assets_tests.dagster_house import DagsterHouse


def test_every_asset_has_the_policy_of_the_settings(dagster_house: DagsterHouse) -> None:
    for spec in dagster_house.defs.resolve_all_asset_specs():
        policy = spec.freshness_policy
        assert policy is not None, spec.key
        assert policy == dg.FreshnessPolicy.time_window(
            fail_window=timedelta(minutes=dagster_house.house.settings.freshness.fail_minutes),
            warn_window=timedelta(minutes=dagster_house.house.settings.freshness.warn_minutes),
        )


def test_only_roots_have_a_condition(dagster_house: DagsterHouse) -> None:
    with_condition = {s.key for s in dagster_house.defs.resolve_all_asset_specs() if s.automation_condition is not None}
    assert with_condition == ROOTS


def test_windows_shorter_than_the_idle_interval_are_refused(tmp_path: Path) -> None:
    (tmp_path / "iot.toml").write_text("[freshness]\nwarn_minutes = 5\n")
    with pytest.raises(SettingsError, match=r"warn_minutes must be more than schedule\.idle_minutes"):
        load_settings(tmp_path / "iot.toml")


def test_a_stale_root_is_caught_up_once_for_each_change_to_stale(dagster_house: DagsterHouse) -> None:
    from dagster._core.definitions.freshness import FreshnessState, FreshnessStateChange

    instance, defs = dagster_house.instance, dagster_house.defs
    selection = dg.AssetSelection.assets(*ROOTS)
    state = FreshnessState.UNKNOWN
    cursor = None
    requested = []
    for now in ("PASS", "WARN", "WARN", "FAIL", "FAIL", "PASS", "PASS", "WARN", "WARN"):
        if (new := FreshnessState[now]) is not state:
            for key in ROOTS:
                instance._report_runless_asset_event(
                    FreshnessStateChange(
                        key=key, previous_state=state, new_state=new, state_change_timestamp=time.time()
                    )
                )
        state = new
        result = dg.evaluate_automation_conditions(
            defs=defs, instance=instance, asset_selection=selection, cursor=cursor
        )
        cursor = result.cursor
        requested.append(result.total_requested)
    assert requested == [0, 2, 0, 0, 0, 0, 0, 2, 0]


def test_catching_up_is_on_by_default_and_looks_at_the_roots_only(dagster_house: DagsterHouse) -> None:
    sensor = dagster_house.defs.resolve_sensor_def("catch_up")
    assert isinstance(sensor, dg.AutomationConditionSensorDefinition)
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    graph = dagster_house.defs.resolve_asset_graph()
    assert sensor.asset_selection.resolve(graph) == ROOTS
