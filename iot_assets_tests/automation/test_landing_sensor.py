"""The landing sensor: reads the broker where nobody does, watches who does, asks for runs, reports what waits."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from iot_assets.automation.landing import landing_sensor
from iot_assets.lake.paths import list_landed
from iot_assets.settings import Schedule
from iot_assets_tests.brokers import free_port
from iot_assets_tests.dagster_house import DagsterHouse
from iot_assets_tests.house import House
from iot_assets_tests.lake_builder import LakeBuilder, said
from iot_assets_tests.landing.harness import Running, numbered, settings_for, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from iot_assets_tests.brokers import Mosquitto

    Ticking = Callable[..., "Ticks"]


class Ticks:
    """The sensor at one house, tick after tick, its cursor kept as the daemon keeps it."""

    def __init__(self, dagster_house: DagsterHouse) -> None:
        self.house, self.instance = dagster_house.house, dagster_house.instance
        self.cursor: str | None = None

    def tick(self) -> Any:
        """One evaluation."""
        resources = {"settings": self.house.settings}
        with dg.build_sensor_context(instance=self.instance, cursor=self.cursor, resources=resources) as context:
            data = landing_sensor.evaluate_tick(context)
        self.cursor = data.cursor
        return data


@pytest.fixture
def ticking(tmp_path: Path) -> Iterator[Ticking]:
    """Make a house before the broker at this port (or before none), with its sensor."""
    with dg.DagsterInstance.ephemeral() as instance:

        def make(port: int | None = None, **schedule: Any) -> Ticks:
            settings = settings_for(tmp_path / "data", port, schedule=Schedule(drain_seconds=1, **schedule))
            return Ticks(DagsterHouse(House(settings), instance))

        yield make


def age(ticks: Ticks, seconds: float) -> None:
    """Let all landed files have been there for so long."""
    then = time.time() - seconds
    for file in list_landed(ticks.house.paths):
        os.utime(ticks.house.paths.lake / file.path, (then, then))


@pytest.mark.broker
def test_where_no_lander_runs_a_tick_reads_the_broker_itself(ticking: Ticking, mosquitto: Mosquitto) -> None:
    ticks = ticking(mosquitto.port)
    assert "this tick took 0 messages itself" in ticks.tick().skip_message
    mosquitto.publish(numbered(50))
    assert "no lander runs; this tick took 50 messages itself (no trouble); 1" in ticks.tick().skip_message
    assert "this tick took 0 messages" in ticks.tick().skip_message


@pytest.mark.broker
def test_where_a_lander_runs_a_tick_leaves_the_broker_to_it_and_says_how_it_is(
    ticking: Ticking, mosquitto: Mosquitto
) -> None:
    ticks = ticking(mosquitto.port)
    with Running(ticks.house.settings) as lander:
        lander.connected()
        mosquitto.publish(numbered(7))
        wait_for(lambda: "7 messages taken" in ticks.tick().skip_message, "the sensor to tell of seven messages")
        assert ticks.tick().skip_message.startswith("the lander runs (connected, 7 messages taken")


def test_a_broker_that_is_not_there_is_a_sentence_and_no_error(ticking: Ticking) -> None:
    message = ticking(free_port()).tick().skip_message
    assert message.startswith("no lander runs; this tick took 0 messages itself (")
    assert "no trouble" not in message


def test_a_backlog_asks_for_a_run_at_once(ticking: Ticking) -> None:
    ticks = ticking(backlog_files=3)
    lake = LakeBuilder(ticks.house.paths)
    for n in range(3):
        assert not ticks.tick().run_requests
        lake.land(said("a", n, t=1))
    (request,) = ticks.tick().run_requests
    assert request.tags["iot/backlog_files"] == "3"


def test_a_backlog_under_a_run_that_is_still_going_asks_for_none(ticking: Ticking) -> None:
    ticks = ticking(backlog_files=1)
    LakeBuilder(ticks.house.paths).land(said("a", 0, t=1))
    job = DagsterHouse(ticks.house, ticks.instance).defs.resolve_job_def("minute")
    ticks.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    assert ticks.tick().skip_message.endswith("1 landed files wait for the next run")


def test_what_is_published_is_no_backlog(ticking: Ticking) -> None:
    ticks = ticking(backlog_files=1)
    LakeBuilder(ticks.house.paths).land(said("a", 0, t=1))
    ticks.house.run()
    ticks.house.publish()
    assert ticks.tick().skip_message.endswith("0 landed files wait for the next run")


def test_files_that_nobody_attends_to_are_reported_once(ticking: Ticking) -> None:
    ticks = ticking()
    lake = LakeBuilder(ticks.house.paths)
    lake.land(said("a", 0, t=1))
    assert ticks.tick().asset_events == [], "it is young: a run will report it"
    age(ticks, 1000)
    (event,) = ticks.tick().asset_events
    assert event.asset_key == dg.AssetKey(["lake", "landed"])
    assert (event.metadata["files"].value, event.metadata["reported_by"].value) == (1, "the landing sensor")
    assert event.metadata["lag_seconds"].value >= 1000
    assert ticks.tick().asset_events == []
    lake.land(said("a", 1, t=1))
    LakeBuilder(ticks.house.paths, "other").land(said("b", 1, t=1))
    age(ticks, 1000)
    (event,) = ticks.tick().asset_events
    assert event.metadata["files"].value == 2


@pytest.mark.parametrize("cursor", ["", "nonsense", "[1]", '{"lander": 7}', '{"lander": ["a", "b"]}'])
def test_a_cursor_of_another_version_is_forgotten(ticking: Ticking, cursor: str) -> None:
    ticks = ticking()
    LakeBuilder(ticks.house.paths).land(said("a", 0, t=1))
    age(ticks, 1000)
    ticks.cursor = cursor
    assert len(ticks.tick().asset_events) == 1
