"""The whole lander against a real broker: what is taken is landed, however and whenever it ends."""

from __future__ import annotations

import logging
import os
import random
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from iot_assets.errors import InUseError
from iot_assets.lake.paths import DataPaths, list_landed
from iot_assets.landing.lander import run_lander
from iot_assets.landing.status import lander_running
from iot_assets_tests.landing.harness import (
    Process,
    Running,
    landed_payloads,
    landed_rows,
    numbered,
    said,
    settings_for,
    status_of,
    wait_for,
)

if TYPE_CHECKING:
    from iot_assets_tests.brokers import Mosquitto

broker_needed = pytest.mark.broker


@broker_needed
def test_killed_at_random_moments_it_loses_nothing(mosquitto: Mosquitto, tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "data", mosquitto.port)
    first = Process(settings)
    first.connected()  # from here on the broker keeps a session for us
    count, step = 6000, 50
    published = threading.Event()

    def publish() -> None:
        for n in range(0, count, step):
            mosquitto.publish(numbered(step, n))
        published.set()

    publisher = threading.Thread(target=publish)
    publisher.start()
    lander, chance = first, random.Random(7)
    try:
        for _ in range(4):
            lander.connected()
            time.sleep(chance.uniform(0, 0.6))
            assert lander.end(signal.SIGKILL) == -signal.SIGKILL
            lander = Process(settings)
        published.wait(120)
    finally:
        publisher.join()
        lander.end(signal.SIGKILL)
    assert Process(settings, "--until-idle", "0.5").wait() == 0
    rows = landed_rows(tmp_path / "data")
    assert {int(row["payload"]) for row in rows} == set(range(count))
    assert len({row["message_id"] for row in rows}) == len(rows)
    assert [p for p in (tmp_path / "data" / "spool" / "lander").iterdir() if p.suffix == ".spool"] == []
    # What came twice is told apart: it was not known to be acknowledged, and the broker said so.
    seen: dict[bytes, dict[str, Any]] = {}
    for row in rows:
        if (before := seen.get(row["payload"])) is not None:
            assert row["dup"]
            assert row["session"] > before["session"]
        seen[row["payload"]] = row


@broker_needed
def test_it_keeps_up_with_a_stock_broker_that_sends_twenty_at_a_time(
    stock_mosquitto: Mosquitto, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path / "data", stock_mosquitto.port, mqtt={"protocol": "3.1.1"})
    with Running(settings) as lander:

        def acknowledged() -> int:
            return 0 if lander.status is None else lander.status.acknowledged_messages

        lander.connected()
        for n in range(0, 3000, 500):
            stock_mosquitto.publish(numbered(500, n))
            wait_for(lambda: acknowledged() == n + 500, "acknowledgements")  # noqa: B023 - asked before n moves on
    assert list(map(int, landed_payloads(tmp_path / "data"))) == list(range(3000))


@broker_needed
def test_the_last_message_of_a_paused_stream_is_landed_by_time_alone(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with Running(settings_for(tmp_path / "data", mosquitto.port)) as lander:
        lander.connected()
        mosquitto.publish(numbered(1))
        wait_for(lambda: landed_payloads(tmp_path / "data") == [b"0"], "the file, though nothing else arrives")
        status = wait_for(lambda: (s := lander.status) and s.files_sealed and s, "the status")
        assert (status.landed_messages, status.acknowledged_messages) == (1, 1)
        assert status.last_sealed_at is not None
        assert not list((tmp_path / "data" / "spool" / "lander").glob("*.spool"))


@broker_needed
def test_a_segment_that_is_large_enough_is_sealed_before_its_time(mosquitto: Mosquitto, tmp_path: Path) -> None:
    bounds = {"seal_seconds": 3600, "segment_max_bytes": 65536}
    with Running(settings_for(tmp_path / "data", mosquitto.port, lander=bounds)) as lander:
        lander.connected()
        mosquitto.publish([("t/large", os.urandom(70_000)) for _ in range(3)])
        wait_for(lambda: len(landed_payloads(tmp_path / "data")) == 3, "files")


@broker_needed
def test_a_signal_makes_it_land_and_acknowledge_what_it_took(mosquitto: Mosquitto, tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "data", mosquitto.port, lander={"seal_seconds": 3600})
    # As a shell starts what it puts in the background: with SIGINT ignored.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        lander = Process(settings)
    finally:
        signal.signal(signal.SIGINT, before)
    lander.connected()
    mosquitto.publish(numbered(2000))
    wait_for(lambda: (s := status_of(settings)) and s.received_messages > 0, "some messages")
    assert lander.end(signal.SIGINT) == 0
    taken = len(landed_payloads(tmp_path / "data"))
    assert taken > 0
    assert f"taken {taken} messages, acknowledged {taken}, landed {taken} in 1 files" in lander.log
    # None of them comes again, and the rest does.
    lander = Process(settings)
    lander.connected()
    mosquitto.publish(numbered(10, 2000))
    wait_for(lambda: (s := status_of(settings)) and s.acknowledged_messages == 2010 - taken, "the rest")
    assert lander.end(signal.SIGTERM) == 0
    assert [int(payload) for payload in landed_payloads(tmp_path / "data")] == list(range(2010))


@broker_needed
def test_drained_for_a_bounded_time_again_and_again_it_leaves_nothing_behind(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path / "data", mosquitto.port)
    reports = []

    def drain() -> None:
        reports.append(run_lander(settings, stop=threading.Event(), for_seconds=0.7, mode="sensor"))

    def tick() -> tuple[int, int]:
        thread = threading.Thread(target=drain)
        thread.start()
        thread.join()
        descriptors = Path("/proc/self/fd")
        return threading.active_count(), len(list(descriptors.iterdir())) if descriptors.exists() else 0

    tick()
    before = tick()
    for n in range(5):
        mosquitto.publish(numbered(300, n * 300))
        assert tick() == before
        assert not lander_running(DataPaths(settings.data_dir), "lander")
    assert [r.taken for r in reports] == [0, 0, 300, 300, 300, 300, 300]
    assert [(r.landed, r.acknowledged, r.storage_problem, r.broker_problem) for r in reports[2:]] == [
        (300, 300, None, None)
    ] * 5
    assert list(map(int, landed_payloads(tmp_path / "data"))) == list(range(1500))
    status = status_of(settings)
    assert status is not None
    assert (status.mode, status.connected, status.session) == ("sensor", False, 7)


@broker_needed
def test_a_second_lander_is_refused_and_the_first_goes_on(mosquitto: Mosquitto, tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "data", mosquitto.port)
    assert not lander_running(DataPaths(settings.data_dir), "lander")
    with Running(settings) as lander:
        lander.connected()
        assert lander_running(DataPaths(settings.data_dir), "lander")
        with pytest.raises(InUseError, match="stop that one"):
            run_lander(settings, stop=threading.Event())
        second = Process(settings)
        assert second.wait() == 1
        assert f"iot-assets: lander 'lander' ({settings.data_dir}/spool/lander) is in use by process" in second.log
        assert "Traceback" not in second.log
        mosquitto.publish(numbered(10))
        wait_for(lambda: (s := lander.status) and s.acknowledged_messages == 10, "messages")


@broker_needed
def test_in_flight_never_grows_beyond_its_bound(mosquitto: Mosquitto, tmp_path: Path) -> None:
    bounds = {"in_flight_messages": 10}
    settings = settings_for(tmp_path / "data", mosquitto.port, lander=bounds)
    with Running(settings) as lander:
        lander.connected()
        mosquitto.publish(numbered(500))
        status = wait_for(lambda: (s := lander.status) and s.acknowledged_messages == 500 and s, "messages")
        assert status.commits >= 50
    assert list(map(int, landed_payloads(tmp_path / "data"))) == list(range(500))


def test_the_registry_is_landed_on_each_change_also_without_a_broker(tmp_path: Path) -> None:
    file = tmp_path / "devices.json"
    file.write_text('["one"]')
    settings = settings_for(tmp_path / "data", None, registry={"file": file})
    with Running(settings):
        wait_for(lambda: landed_payloads(tmp_path / "data") == [b'["one"]'], "the registry")
        file.write_text('["two"]')
        wait_for(lambda: landed_payloads(tmp_path / "data") == [b'["one"]', b'["two"]'], "its change")
    assert run_lander(settings, stop=threading.Event(), until_idle=0.3).taken == 0
    row = landed_rows(tmp_path / "data")[0]
    assert {n: row[n] for n in ("source", "topic", "qos", "session", "packet_id", "content_type", "attributes")} == {
        "source": "registry", "topic": "devices.json", "qos": 0, "session": 0, "packet_id": 0, "content_type": None,
        "attributes": None,
    }  # fmt: skip


def test_what_an_earlier_start_left_is_landed_also_without_a_broker(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from iot_assets_tests.landing.test_sealer import spooled

    caplog.set_level(logging.INFO)
    spooled(tmp_path / "data", b"left", b"behind")
    report = run_lander(settings_for(tmp_path / "data", None), stop=threading.Event(), until_idle=0)
    assert (report.taken, report.landed, report.files) == (0, 2, 1)
    assert said(caplog.records, "recovered 2 messages")
    assert landed_payloads(tmp_path / "data") == [b"left", b"behind"]


def test_each_start_is_later_than_the_one_before_even_with_the_clock_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "devices.json"
    settings = settings_for(tmp_path / "data", None, registry={"file": file})
    real = time.time_ns
    for hours in (0, 1, 48):
        monkeypatch.setattr(time, "time_ns", lambda hours=hours: real() - hours * 3_600_000_000_000)
        file.write_text(f"[{hours}]")
        run_lander(settings, stop=threading.Event(), until_idle=0.2)
    files = sorted(list_landed(DataPaths(settings.data_dir)))
    assert landed_payloads(tmp_path / "data") == [b"[0]", b"[1]", b"[48]"]
    assert len({f.start_ms for f in files}) == 3
