"""The minute: one run when something has landed, none when not, never two at once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from iot_assets.automation.minute import UNFINISHED, minute_schedule
from iot_assets_tests.lake_builder import LakeBuilder, said

if TYPE_CHECKING:
    from iot_assets_tests.dagster_house import DagsterHouse


def tick(house: DagsterHouse, minute: int = 3) -> str | dict[str, str]:
    """What the schedule does at this minute of an hour: the tags of its run, or why there is none."""
    with dg.build_schedule_context(
        instance=house.instance,
        scheduled_execution_time=datetime(2025, 11, 12, 12, minute, tzinfo=UTC),
        resources={"settings": house.house.settings},
    ) as context:
        data = minute_schedule.evaluate_tick(context)
    if data.run_requests:
        (request,) = data.run_requests
        return {key: value for key, value in request.tags.items() if key.startswith("iot/")}
    assert data.skip_message is not None
    return data.skip_message


def test_landed_files_are_a_run(on_disk: DagsterHouse) -> None:
    lake = LakeBuilder(on_disk.house.paths)
    lake.land(said("a", 0, t=1))
    lake.land(said("a", 1, t=1))
    assert tick(on_disk) == {"iot/waiting_files": "2"}


def test_nothing_landed_is_no_run(on_disk: DagsterHouse) -> None:
    assert tick(on_disk) == "nothing has landed; the next run without news is at a multiple of 10 minutes"


def test_what_is_published_waits_no_longer(on_disk: DagsterHouse) -> None:
    LakeBuilder(on_disk.house.paths).land(said("a", 0, t=1))
    on_disk.minute()
    assert "nothing has landed" in tick(on_disk)


def test_an_idle_platform_still_runs_every_ten_minutes(on_disk: DagsterHouse) -> None:
    assert [m for m in (0, 1, 9, 10, 11, 50, 59) if isinstance(tick(on_disk, m), dict)] == [0, 10, 50]


@pytest.mark.parametrize(
    "status", [s for s in UNFINISHED if s is not dg.DagsterRunStatus.QUEUED], ids=lambda s: s.value
)
def test_a_run_still_going_is_waited_for(on_disk: DagsterHouse, status: dg.DagsterRunStatus) -> None:
    LakeBuilder(on_disk.house.paths).land(said("a", 0, t=1))
    on_disk.instance.create_run_for_job(on_disk.defs.resolve_job_def("minute"), status=status)
    assert tick(on_disk) == "the previous run is still going"


def test_another_job_still_going_is_no_reason_to_wait(on_disk: DagsterHouse) -> None:
    LakeBuilder(on_disk.house.paths).land(said("a", 0, t=1))
    on_disk.instance.create_run_for_job(on_disk.defs.resolve_job_def("sweep"), status=dg.DagsterRunStatus.STARTED)
    assert isinstance(tick(on_disk), dict)
