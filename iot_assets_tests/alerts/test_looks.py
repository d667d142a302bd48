"""Looking: what each place shows of each cause, on real files and real tables."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from iot_assets.alerts import outbox
from iot_assets.alerts.alert import Finding, Kind
from iot_assets.alerts.looks import disk, lander, reported
from iot_assets.alerts.looks.all import Looks
from iot_assets.alerts.looks.backlog import BacklogLook
from iot_assets.alerts.looks.dagster import DagsterLook
from iot_assets.alerts.looks.place import Place
from iot_assets.alerts.looks.published import PublishedLook, findings
from iot_assets.alerts.store import Store
from iot_assets.landing.lock import LanderLock
from iot_assets.landing.status import LanderStatus, write_status
from iot_assets.settings import Settings
from iot_assets_tests.alerts.conftest import settings_in
from iot_assets_tests.brokers import free_port
from iot_assets_tests.lake_builder import LakeBuilder, at, said

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from iot_assets_tests.house import House

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WELL = LanderStatus(
    lander="lander",
    mode="process",
    pid=42,
    started_at=NOW - timedelta(hours=1),
    updated_at=NOW,
    connected=True,
    reading=True,
    broker="127.0.0.1:1883",
    protocol="5",
    session=1,
    session_lost=0,
    received_messages=0,
    received_bytes=0,
    duplicates=0,
    durable_messages=0,
    acknowledged_messages=0,
    landed_messages=0,
    landed_bytes=0,
    files_sealed=0,
    segments_waiting=0,
    in_flight_messages=0,
    in_flight_bytes=0,
    commits=0,
    commit_seconds=0,
    last_message_at=None,
    last_sealed_at=None,
    storage_problem=None,
    broker_problem=None,
    http="",
    http_accepted=0,
    http_refused=0,
    dropped_by_broker=0,
    dropped_by_broker_before=0,
)


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Place:
    return Place(settings_in(tmp_path), store, NOW)


@pytest.fixture
def running(place: Place) -> Iterator[None]:
    """A lander holds its lock."""
    spool = place.paths.spool("lander")
    spool.mkdir(parents=True)
    lock = LanderLock(spool, "lander")
    lock.acquire()
    yield
    lock.release()


def holding(seen: Any) -> dict[str, Sequence[Finding]]:
    """The causes that hold."""
    return {cause: found for cause, found in seen.items() if found}


def status(place: Place, **changed: Any) -> None:
    place.paths.spool("lander").mkdir(parents=True, exist_ok=True)
    write_status(place.paths.spool("lander"), replace(WELL, **changed))


def test_no_lander_ever(place: Place) -> None:
    assert holding(lander.look(place)).keys() == {"lander_down"}


@pytest.mark.usefixtures("running")
def test_a_lander_that_is_well_shows_nothing_and_that_it_shows_nothing(place: Place) -> None:
    status(place)
    seen = lander.look(place)
    assert holding(seen) == {}
    assert set(seen) == {
        *("lander_down", "lander_silent", "broker_unreachable", "storage_problem", "segments_damaged"),
        *("session_lost", "broker_drops"),
    }


def test_a_lander_that_is_gone_is_down_at_once_and_its_last_words_count_no_more(place: Place) -> None:
    status(place, broker_problem="the MQTT broker at x refuses connections")
    seen = lander.look(place)
    assert holding(seen).keys() == {"lander_down"}
    assert "broker_unreachable" not in seen


def test_where_the_sensor_stands_in_its_pauses_are_none_of_our_business(place: Place) -> None:
    status(place, mode="sensor", updated_at=NOW - timedelta(seconds=50))
    assert holding(lander.look(place)) == {}
    status(place, mode="sensor", updated_at=NOW - timedelta(seconds=61))
    assert holding(lander.look(place)).keys() == {"lander_down"}


@pytest.mark.usefixtures("running")
def test_a_lander_that_runs_and_says_nothing_hangs(place: Place) -> None:
    status(place, updated_at=NOW - timedelta(seconds=61))
    assert holding(lander.look(place)).keys() == {"lander_silent"}


@pytest.mark.usefixtures("running")
def test_broker_and_disk_in_trouble_are_told_in_the_lander_s_words(place: Place) -> None:
    status(place, connected=False, broker_problem="the MQTT broker at x refuses connections: is it running?")
    (told,) = lander.look(place)["broker_unreachable"]
    assert told.summary == "The MQTT broker at x refuses connections: is it running?"
    status(place, storage_problem="cannot write segment 3: No space left on device", reading=False)
    assert holding(lander.look(place)).keys() == {"storage_problem"}
    status(place, segments_damaged=2)
    assert {c: f[0].count for c, f in holding(lander.look(place)).items()} == {"segments_damaged": 2}


@pytest.mark.usefixtures("running")
def test_counters_are_told_when_they_grow_and_not_for_what_they_were_before_we_looked(place: Place) -> None:
    status(place, session_lost=3, dropped_by_broker=1000)
    assert holding(lander.look(place)) == {}
    later = replace(place, now=NOW + timedelta(minutes=1))
    status(place, session_lost=4, dropped_by_broker=1200, updated_at=later.now)
    assert {c: f[0].count for c, f in holding(lander.look(later)).items()} == {"session_lost": 1, "broker_drops": 200}
    much_later = replace(place, now=NOW + timedelta(minutes=17))
    status(place, session_lost=4, dropped_by_broker=1200, updated_at=much_later.now)
    assert holding(lander.look(much_later)) == {}
    status(place, session_lost=4, dropped_by_broker=7, updated_at=much_later.now)  # the broker was started anew
    assert holding(lander.look(much_later)) == {}


Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - as shutil gives it


def with_free(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(1000 * 2**30, (1000 - free) * 2**30, free * 2**30))


def test_a_disk_is_told_when_little_is_left_and_worse_when_very_little(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for free, severity in ((100, None), (99, "warning"), (50, "warning"), (49, "critical")):
        with_free(monkeypatch, free)
        assert [f.severity for f in disk.look(place)["disk_space"]] == ([severity] if severity else [])


def test_a_disk_that_fills_is_told_before_it_is_full(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    for hour in range(10):  # 30 GiB an hour of 500
        with_free(monkeypatch, 500 - 30 * hour)
        told.append([f.summary for f in disk.look(replace(place, now=NOW + timedelta(hours=hour)))["disk_space"]])
    assert told[:3] == [[], [], []]
    assert "it is full in 14 h" in told[3][0]
    with_free(monkeypatch, 500)
    assert disk.look(replace(place, now=NOW + timedelta(hours=11)))["disk_space"] == ()


def test_landed_files_that_nobody_takes_are_a_backlog_and_old_ones_mean_that_the_tables_stay_behind(
    house: House, store: Store
) -> None:
    given = settings_in(house.paths.root.parent, backlog_files=3, behind_minutes=10)
    lake = LakeBuilder(house.paths)
    lake.land(said("a", 0, t=1))
    assert holding(BacklogLook()(Place(given, store, datetime.now(UTC)))) == {}
    later = Place(given, store, datetime.now(UTC) + timedelta(minutes=11))
    assert holding(BacklogLook()(later)).keys() == {"tables_behind"}
    lake.land(said("a", 1, t=1))
    lake.land(said("a", 2, t=1))
    assert holding(BacklogLook()(Place(given, store, datetime.now(UTC)))).keys() == {"backlog"}
    house.run()
    house.publish()
    assert holding(BacklogLook()(later)) == {}


def test_a_channel_that_fails_is_seen_with_what_it_said(place: Place) -> None:
    outbox.enqueue(place.store, "log", Kind.TEST, severity="info", body={}, now=NOW)
    notice = outbox.due(place.store, "log", NOW)
    assert notice is not None
    outbox.failed(place.store, notice, "the disk is full", NOW, place.alerts)
    (told,) = reported.look(place)["channel_down"]
    assert told.about == "log"
    assert "in 1 attempts: the disk is full. 1 notices wait for it." in told.summary


def test_nothing_published_is_nothing_seen(place: Place) -> None:
    assert PublishedLook()(place) == {}


def test_rejected_messages_and_an_old_newest_reading_are_seen_in_the_published_tables(
    house: House, store: Store
) -> None:
    good = [said("a", second, t=1) for second in range(98)]
    bad = [replace(said("a", 98 + n, t=1), payload=b"no json") for n in range(2)]
    LakeBuilder(house.paths).land(*good, *bad)
    house.run()
    house.publish()
    look, settings = PublishedLook(), Settings(data_dir=house.paths.root)
    seen = look(Place(settings, store, at(120)))
    assert holding(seen).keys() == {"error_rate"}
    assert seen["error_rate"][0].summary == "2 of 100 messages of the past hour (2.0 %) were rejected."
    assert holding(look(Place(settings, store, at(97 + 300)))).keys() == {"error_rate"}
    assert holding(look(Place(settings, store, at(97 + 301)))).keys() == {"error_rate", "lag"}
    assert holding(look(Place(settings, store, at(7200)))).keys() == {"lag"}


def answers(**given: Any) -> dict[str, list[dict[str, Any]]]:
    return given


def test_forty_devices_of_a_site_are_one_finding_that_names_ten(place: Place) -> None:
    row = {"state": "offline", "site": "north", "devices": 40, "since_at": NOW, "named": [f"d{n}" for n in range(10)]}
    seen = findings(answers(devices=[row, row | {"site": "", "devices": 1, "named": ["x"]}]), place)
    assert [(f.about, f.count, len(f.items)) for f in seen["device_offline"]] == [("north", 40, 10), ("", 1, 1)]
    assert [f.summary for f in seen["device_offline"]] == [
        "40 devices of site north are offline, the first since 2026-11-21 12:00:00 UTC.",
        "1 device is offline, the first since 2026-11-21 12:00:00 UTC.",
    ]
    assert (seen["device_late"], seen["device_never_seen"]) == ([], [])


def test_devices_of_very_many_sites_are_one_finding(place: Place) -> None:
    row = {"state": "offline", "site": "s", "devices": 2, "since_at": NOW, "named": ["a", "b"]}
    seen = findings(answers(devices=[row | {"site": f"s{n}"} for n in range(11)]), place)
    assert [(f.about, f.count, len(f.items)) for f in seen["device_offline"]] == [("", 22, 10)]


def test_more_than_one_per_cent_of_rejects_is_told_by_source_and_a_few_messages_have_no_rate(place: Place) -> None:
    def share(rejected: int, messages: int) -> list[Finding]:
        rows = [
            {"source": "mqtt:a", "messages": messages - 5, "rejected": rejected},
            {"source": "b", "messages": 5, "rejected": 0},
        ]
        return list(findings(answers(errors=rows), place)["error_rate"])

    assert share(10, 1000) == []
    (told,) = share(11, 1000)
    assert told.summary == "11 of 1000 messages of the past hour (1.1 %) were rejected."
    assert told.items == ("mqtt:a: 11 of 995",)
    assert share(9, 19) == []


def test_a_look_that_fails_does_not_blind_the_others(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: Place) -> dict[str, Sequence[Finding]]:
        raise RuntimeError("it is broken")

    looks = Looks([broken, lander.look])
    assert holding(looks(place)).keys() == {"lander_down"}
    looks(place)
    assert [record.message for record in caplog.records] == ["a look failed; its alerts stay as they are"]


def test_a_page_that_nobody_serves_is_dagster_down_and_tells_nothing_of_assets(store: Store, tmp_path: Path) -> None:
    given = settings_in(tmp_path, watch_dagster=True)
    settings = given.model_copy(update={"dagster": given.dagster.model_copy(update={"port": free_port()})})
    seen = DagsterLook()(Place(settings, store, NOW))
    assert [f.summary.startswith("Missing is its web page") for f in seen["dagster_down"]] == [True]
    assert "stale_assets" not in seen
