"""The units as assets: what a run makes, what it says of it, what it costs where there is nothing to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from iot_assets.assets import silver as silver_asset
from iot_assets.errors import InUseError
from iot_assets.resources import WarehouseResource
from iot_assets.warehouse import silver
from iot_assets.warehouse.queries import filled
from iot_assets.warehouse.tables import TABLES
from iot_assets_tests.dagster_house import checks
from iot_assets_tests.lake_builder import NOON, LakeBuilder, Message, at, registry, said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from iot_assets_tests.dagster_house import DagsterHouse

ASSETS = {name.replace(".", "/") for name, table in TABLES.items() if table.schema != "ops"} | {"serving"}


def test_a_minute_makes_every_table_and_the_publication(dagster_house: DagsterHouse) -> None:
    LakeBuilder(dagster_house.house.paths).land(said("a", 0, t=1), registry(1, {"a": {}}))
    dagster_house.minute()
    assert dagster_house.materialized() == ASSETS | {"lake/landed"}
    assert dagster_house.house.ask("select count(*) from gold.latest") == [(1,)]
    assert dagster_house.house.paths.serving.exists()


def test_materializations_carry_the_figures_that_people_look_for(dagster_house: DagsterHouse) -> None:
    LakeBuilder(dagster_house.house.paths).land(
        said("a", 0, t=1), said("a", 0, received=1, t=1), Message(received_at=at(2), topic="devices/a/x", payload=b"{")
    )
    dagster_house.minute()
    messages = dagster_house.metadata("bronze/messages")
    assert (messages["rows_in"], messages["files_in"], messages["dagster/row_count"]) == (3, 1, 3)
    assert messages["bytes_in"] > 0
    readings = dagster_house.metadata("silver/readings")
    assert (readings["rows_in"], readings["rows_out"], readings["messages_in"]) == (2, 1, 3)
    assert readings["newest_event_at"] == at(0).timestamp()
    assert readings["lag_seconds"] > 0
    assert "| device_id | metric |" in readings["sample"]
    outcomes = dagster_house.metadata("silver/outcomes")
    assert {k: v for k, v in outcomes.items() if k.startswith("messages_")} == {
        "messages_in": 3,
        "messages_duplicate": 1,
        "messages_rejected": 1,
        "messages_telemetry": 1,
    }
    assert "malformed_json" in dagster_house.metadata("silver/rejects")["most_common"]
    assert dagster_house.metadata("gold/readings_1h")["rows_out"] == 1
    assert dagster_house.metadata("lake/landed")["rows"] == 3
    for worked in ("bronze/messages", "silver/readings", "gold/readings_1min", "serving"):
        assert dagster_house.metadata(worked)["seconds"] > 0


def test_what_no_route_matches_is_told_by_topic_with_its_first_payload_and_a_route_that_fits(
    dagster_house: DagsterHouse,
) -> None:
    lake = LakeBuilder(dagster_house.house.paths)
    odd = [Message(received_at=at(n), topic="plant/7/oven", payload=f'{{"heat": {n}}}'.encode()) for n in (1, 2, 3)]
    lake.land(*odd, Message(received_at=at(4), topic="plant/8", payload=b"\xff```"))
    dagster_house.minute()
    told = dagster_house.metadata("silver/rejects")["no_route"]
    assert told.index("`plant/7/oven`") < told.index("`plant/8`"), "most messages first"
    assert "3 messages" in told
    assert '```\n{"heat": 1}\n```' in told
    assert 'topic = "plant/{device}/oven"\nconvention = "flat_json"' in told
    assert "\\xff'''" in told
    assert "No convention reads it." in told


def test_with_nothing_landed_a_run_says_so_and_writes_nothing(dagster_house: DagsterHouse) -> None:
    LakeBuilder(dagster_house.house.paths).land(said("a", 0, t=1))
    dagster_house.minute()
    published = dagster_house.house.paths.serving.stat().st_ino
    marks = dagster_house.house.ask("select * from ops.applied order by all")
    result = dagster_house.minute()
    for asset in ASSETS - {"silver/devices", "silver/metrics"}:
        assert dagster_house.metadata(asset)["news"] == "nothing new", asset
    assert dagster_house.house.ask("select * from ops.applied order by all") == marks
    assert dagster_house.house.paths.serving.stat().st_ino == published
    assert len(result.all_events) <= 5 * len(ASSETS) + 20, "an idle run became talkative: storage pays for each event"


def test_an_empty_lake_is_no_fault(dagster_house: DagsterHouse) -> None:
    result = dagster_house.minute()
    assert dagster_house.house.ask("select count(*) from bronze.files") == [(0,)]
    assert [name for name, check in checks(result).items() if not check.passed] == ["bronze/files:lander_state"]


@pytest.mark.parametrize("one", ["bronze/files", "silver/devices", "gold/readings_1h", "gold/alerts"])
def test_selecting_one_table_of_a_unit_runs_the_whole_unit_and_reports_it(
    dagster_house: DagsterHouse, one: str
) -> None:
    LakeBuilder(dagster_house.house.paths).land(said("a", 0, t=1), registry(1, {"a": {}}))
    dagster_house.minute(select=[one])
    unit = dagster_house.defs.get_repository_def().assets_defs_by_key[dg.AssetKey(one.split("/"))]
    assert len(unit.keys) > 1
    assert dagster_house.materialized() - {"lake/landed"} == {key.to_user_string() for key in unit.keys}
    dagster_house.minute()
    assert dagster_house.house.ask("select count(*) from gold.readings_1h") == [(1,)]


def test_every_table_has_its_contract_judged_in_its_own_step(dagster_house: DagsterHouse) -> None:
    LakeBuilder(dagster_house.house.paths).land(said("a", 0, t=1))
    found = checks(dagster_house.minute())
    assert {f"{asset}:contract" for asset in ASSETS - {"serving"}} <= set(found)
    assert found["silver/outcomes:books_balance"].passed
    assert all(found[f"{asset}:contract"].passed for asset in ASSETS - {"serving"})


@pytest.fixture
def careless_silver(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Silver writes each outcome twice."""

    def twice(name: str, **names: str) -> str:
        right = "from arriving_outcomes order"
        return filled(name, **names).replace(
            right, "from (from arriving_outcomes union all from arriving_outcomes) order"
        )

    monkeypatch.setattr(silver, "filled", twice)
    yield monkeypatch
    monkeypatch.undo()


@pytest.mark.parametrize("select", [None, ["silver/readings"]], ids=["all", "another_table_only"])
def test_a_fault_of_ours_is_rolled_back_told_with_its_rows_and_stops_what_follows(
    dagster_house: DagsterHouse, careless_silver: pytest.MonkeyPatch, select: list[str] | None
) -> None:
    LakeBuilder(dagster_house.house.paths).land(said("a", 0, t=1))
    if select is not None:
        dagster_house.minute(select=["bronze/files"])
    result = dagster_house.minute(ok=False, select=select)
    assert dagster_house.materialized() == {"lake/landed", "bronze/files", "bronze/messages"}
    assert dagster_house.house.ask("select count(*) from silver.outcomes") == [(0,)]
    if select is None:
        check = checks(result)["silver/outcomes:contract"]
        assert not check.passed
        assert check.blocking
        assert "rows_with_this_key" in str(check.metadata["rows"].value)
    careless_silver.undo()
    dagster_house.minute()
    assert dagster_house.house.ask("select outcome from silver.outcomes") == [("telemetry",)]


def test_a_finding_about_data_warns_and_stops_nothing(dagster_house: DagsterHouse) -> None:
    LakeBuilder(dagster_house.house.paths).land(said("a", 0, t=1))
    dagster_house.minute()
    with dagster_house.house.open() as connection:
        connection.execute("update bronze.files set path = path || '.gone'")
    result = dagster_house.minute()
    lost = checks(result)["bronze/files:ledger_matches_lake"]
    lag = checks(result)["silver/readings:event_time_lag"]
    assert (lost.passed, lag.passed) == (False, False)
    assert {lost.severity, lag.severity} == {dg.AssetCheckSeverity.WARN}
    assert ".gone" in str(lost.metadata["rows"].value)


def test_a_landed_file_that_is_damaged_is_named_by_a_check(dagster_house: DagsterHouse) -> None:
    file = LakeBuilder(dagster_house.house.paths).land(said("a", 0, t=1))
    file.path.write_bytes(file.path.read_bytes()[:-20])
    found = checks(dagster_house.minute())["bronze/files:ledger_matches_lake"]
    assert not found.passed
    assert file.path.name in str(found.metadata["rows"].value)


def test_a_passing_fault_is_tried_again(dagster_house: DagsterHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    real = silver_asset.settle_pending
    calls = []

    def busy(*arguments: object) -> object:
        calls.append(arguments)
        if len(calls) == 1:
            raise InUseError("the warehouse", "somebody", "wait")
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(silver_asset, "settle_pending", busy)
    LakeBuilder(dagster_house.house.paths).land(said("a", 0, t=1))
    result = dagster_house.minute()
    assert len(calls) == 2
    assert [e.step_key for e in result.all_events if e.is_step_up_for_retry] == ["silver"]
    assert dagster_house.house.ask("select count(*) from silver.readings") == [(1,)]


def test_the_resource_closes_its_connection_when_an_asset_raises(tmp_path: Path) -> None:
    resource = WarehouseResource(database=str(tmp_path / "iot.duckdb"), lock_wait_seconds=0.1)
    with pytest.raises(RuntimeError), resource.get_connection():
        raise RuntimeError
    with resource.get_connection() as connection:
        assert connection.execute("select 1").fetchall() == [(1,)]


def test_a_new_shape_of_message_warns_and_stops_nothing(dagster_house: DagsterHouse) -> None:
    now = (datetime.now(UTC) - NOON).total_seconds()
    LakeBuilder(dagster_house.house.paths).land(said("a", now - 7200, t=1), said("a", now - 60, t=1, h=1))
    result = dagster_house.minute()
    check = checks(result)["silver/schema_versions:schema_drift"]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "new: h" in str(check.metadata["rows"].value)
    assert "new: h" in dagster_house.metadata("silver/schema_versions")["changes"]
    assert dagster_house.house.ask("select count(*) from gold.latest") == [(2,)]


def test_a_registry_that_cannot_be_read_warns_until_one_can(dagster_house: DagsterHouse) -> None:
    lake = LakeBuilder(dagster_house.house.paths)
    lake.land(registry(0, {}), replace(registry(1, {}), topic="sensors.csv", payload=b"id,lat\na,north"))
    check = checks(dagster_house.minute())["silver/devices:registry_readable"]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "sensors.csv: line 2: lat is 'north'" in str(check.metadata["rows"].value)
    lake.land(replace(registry(2, {}), topic="sensors.csv", payload=b"id,lat\na,1"))
    assert checks(dagster_house.minute())["silver/devices:registry_readable"].passed


def test_declared_devices_that_never_sent_anything_are_named(dagster_house: DagsterHouse) -> None:
    LakeBuilder(dagster_house.house.paths).land(registry(0, {"a": {}, "b": {"kind": "pump"}}), said("a", 1, t=1))
    check = checks(dagster_house.minute())["silver/devices:declared_devices_seen"]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    named = str(check.metadata["rows"].value)
    assert "| b | pump |" in named
    assert "| a |" not in named
