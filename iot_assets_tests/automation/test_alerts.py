"""Failed runs reach the store of alerts, and the store's history the tables, in real runs."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
import duckdb

from iot_assets.alerts.alert import Finding
from iot_assets.alerts.looks.place import Place
from iot_assets.alerts.looks.reported import look
from iot_assets.alerts.store import Store
from iot_assets.alerts.turn import turn
from iot_assets.automation.alerts import failed_runs_sensor
from iot_assets_tests.dagster_house import DagsterHouse, checks

if TYPE_CHECKING:
    from iot_assets_tests.house import House

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NORTH = Finding("device_offline", "40 devices of site north are offline.", "north", ("d1", "d2"), 40)


def found(house: House, cause: str, now: datetime) -> list[Finding]:
    store = Store(house.paths.alerts)
    try:
        return list(look(Place(house.settings, store, now))[cause])
    finally:
        store.close()


def lives(house: House, *steps: tuple[int, bool]) -> None:
    """The alert's cause holds or does not, so many seconds after noon."""
    store = Store(house.paths.alerts)
    for seconds, holds in steps:
        turn(store, {"device_offline": [NORTH] if holds else []}, house.settings, NOON + timedelta(seconds=seconds))
    store.close()


def published(house: House) -> list[tuple[str, str, int]]:
    with duckdb.connect(str(house.paths.serving), read_only=True) as connection:
        return connection.execute("select state, summary, count from gold.alerts order by raised_at").fetchall()


def test_a_failed_run_is_told_by_its_job_with_its_first_error_and_is_over_when_none_has_failed_for_a_while(
    on_disk: DagsterHouse,
) -> None:
    on_disk.house.paths.warehouse.write_bytes(b"this is no database" * 1000)
    for _ in range(2):
        result = on_disk.minute(ok=False)
        context = dg.build_run_status_sensor_context(
            sensor_name="failed_runs",
            dagster_event=result.get_run_failure_event(),
            dagster_instance=on_disk.instance,
            dagster_run=result.dagster_run,
            resources={"settings": on_disk.house.settings},
        ).for_run_failure()
        failed_runs_sensor(context)
    (told,) = found(on_disk.house, "run_failed", datetime.now(UTC))
    assert (told.about, told.count, told.items[0]) == ("minute", 2, f"run {result.run_id}")
    assert told.summary.startswith("A run of minute failed: IOException: ")
    assert "not a valid DuckDB database file" in told.summary
    assert found(on_disk.house, "run_failed", datetime.now(UTC) + timedelta(minutes=16)) == []


def test_the_history_is_copied_and_published_by_the_minute_and_kept_when_the_store_forgets(
    dagster_house: DagsterHouse,
) -> None:
    house = dagster_house.house
    dagster_house.minute()
    assert published(house) == []
    lives(house, (0, True), (30, True))
    dagster_house.minute()
    assert published(house) == []  # it has not held long enough, so it never was an alert
    lives(house, (60, True))
    dagster_house.minute()
    assert published(house) == [("open", NORTH.summary, 40)]
    lives(house, (120, False), (180, False))
    result = dagster_house.minute()
    assert published(house) == [("resolved", NORTH.summary, 40)]
    assert checks(result)["gold/alerts:contract"].passed
    store = Store(house.paths.alerts)
    store.prune(keep=timedelta(), now=NOON + timedelta(days=1))
    assert store.history(1) == []
    store.close()
    dagster_house.minute()
    assert published(house) == [("resolved", NORTH.summary, 40)]


def test_without_news_nothing_is_written_and_nothing_published(dagster_house: DagsterHouse) -> None:
    lives(dagster_house.house, (0, True), (60, True))
    dagster_house.minute()
    before = dagster_house.house.paths.serving.stat().st_mtime_ns
    lives(dagster_house.house, (70, True), (80, True))
    dagster_house.minute()
    assert dagster_house.metadata("gold/alerts")["rows_out"] == 0
    assert dagster_house.house.paths.serving.stat().st_mtime_ns == before


def test_a_store_that_cannot_be_read_does_not_stop_the_minute(dagster_house: DagsterHouse) -> None:
    lives(dagster_house.house, (0, True), (60, True))
    dagster_house.minute()
    dagster_house.house.paths.alerts.write_bytes(b"this is no database" * 1000)
    dagster_house.minute()
    assert "not a database" in dagster_house.metadata("gold/alerts")["problem"]
    assert published(dagster_house.house) == [("open", NORTH.summary, 40)]


def test_the_store_may_be_in_use_while_it_is_copied(dagster_house: DagsterHouse) -> None:
    lives(dagster_house.house, (0, True), (60, True))
    writer = sqlite3.connect(dagster_house.house.paths.alerts, isolation_level=None)
    writer.execute("begin immediate")
    dagster_house.minute()
    writer.close()
    assert published(dagster_house.house) == [("open", NORTH.summary, 40)]
