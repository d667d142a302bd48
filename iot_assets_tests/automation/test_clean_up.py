"""Clean-up: Dagster's own storage stays within its bound, down to the files, and nobody has to think of it."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from iot_assets.automation import clean_up
from iot_assets.automation.clean_up import delete_run, storage_bytes
from iot_assets.settings import Schedule
from iot_assets_tests.dagster_house import DagsterHouse
from iot_assets_tests.house import House
from iot_assets_tests.lake_builder import LakeBuilder, said

if TYPE_CHECKING:
    from pathlib import Path


def bounded(house: DagsterHouse, **schedule: Any) -> DagsterHouse:
    """The same house with other bounds, also such as the settings refuse."""
    settings = house.house.settings.model_copy(update={"schedule": Schedule().model_copy(update=schedule)})
    return DagsterHouse(House(settings), house.instance)


def shards(folder: Path) -> set[str]:
    return {p.stem for p in (folder / "dagster" / "history" / "runs").glob("*.db")} - {"index"}


def executions(folder: Path) -> int:
    with sqlite3.connect(folder / "dagster" / "history" / "runs" / "index.db") as index:
        (count,) = index.execute("select count(*) from asset_check_executions").fetchone()
    index.close()
    return int(count)


def test_deleting_a_run_leaves_no_file_and_no_check_execution(on_disk: DagsterHouse, tmp_path: Path) -> None:
    LakeBuilder(on_disk.house.paths).land(said("a", 0, t=1))
    run_id = on_disk.minute().run_id
    assert run_id in shards(tmp_path)
    assert executions(tmp_path) > 10
    delete_run(on_disk.instance, run_id)
    assert run_id not in shards(tmp_path)
    assert executions(tmp_path) == 0
    assert on_disk.instance.get_run_by_id(run_id) is None
    assert "gold/latest" in on_disk.materialized(), "what the asset page shows outlives the run"


def test_storage_stays_within_its_bound_over_many_runs(
    on_disk: DagsterHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clean_up, "_BATCH", 3)
    for _ in range(2):
        on_disk.minute(select=["serving"])
    bound = storage_bytes(on_disk.instance) + 250_000
    house = bounded(on_disk, storage_max_bytes=bound)
    sizes = []
    for _ in range(3):
        for _ in range(3):
            house.minute(select=["serving"])
        house.job("clean_up")
        sizes.append(storage_bytes(on_disk.instance))
    assert max(sizes) < bound + 400_000  # a clean-up's own run comes on top
    assert shards(tmp_path) <= {r.run_id for r in on_disk.instance.get_runs()}
    assert 0 < on_disk.instance.get_runs_count() < 14


def test_runs_go_when_they_are_too_old_and_younger_ones_stay(on_disk: DagsterHouse) -> None:
    old = on_disk.minute(select=["serving"]).run_id
    young = on_disk.minute(select=["serving"]).run_id
    with on_disk.instance.run_storage.connect() as connection:  # type: ignore[attr-defined]
        import sqlalchemy as sa

        then = (datetime.now(UTC) - timedelta(hours=49)).replace(tzinfo=None)
        connection.execute(
            sa.text("update runs set create_timestamp = :then where run_id = :run"), {"then": then, "run": old}
        )
    bounded(on_disk, keep_runs_hours=48).job("clean_up")
    assert on_disk.instance.get_run_by_id(old) is None
    assert on_disk.instance.get_run_by_id(young) is not None


def test_runs_still_going_are_never_deleted(on_disk: DagsterHouse) -> None:
    job = on_disk.defs.resolve_job_def("minute")
    going = on_disk.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED).run_id
    bounded(on_disk, storage_max_bytes=1).job("clean_up")
    assert on_disk.instance.get_run_by_id(going) is not None


def test_the_warehouse_is_pruned_in_the_same_job(on_disk: DagsterHouse) -> None:
    LakeBuilder(on_disk.house.paths).land(said("a", 0, t=1))
    on_disk.house.run()
    on_disk.job("clean_up")
    assert on_disk.house.ask("select count(*) from bronze.messages") == [(0,)]
    assert on_disk.house.ask("select count(*) from silver.readings") == [(1,)]


def test_storage_that_is_no_sqlite_looks_after_itself(dagster_house: DagsterHouse) -> None:
    assert storage_bytes(dagster_house.instance) == 0
    dagster_house.job("clean_up")
