"""Disks that are full, folders that cannot be written: real ones. Nothing is lost, and it goes on by itself."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import resource
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from iot_assets.errors import StorageError
from iot_assets.landing.frames import SegmentReader
from iot_assets.landing.segment import Spool, list_segments
from iot_assets_tests.brokers import Mosquitto, free_port
from iot_assets_tests.landing.harness import (
    Process,
    Running,
    batch,
    landed_payloads,
    landed_rows,
    numbered,
    said,
    settings_for,
    wait_for,
)
from iot_assets_tests.landing.test_health import get

if TYPE_CHECKING:
    from pathlib import Path


def fill(disk: Path) -> Path:
    """Fill a disk to the last byte."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return ballast


def test_an_append_that_failed_leaves_no_trace_once_there_is_room(small_disk: Path) -> None:
    folder = small_disk / "spool"
    folder.mkdir()
    spool = Spool(folder, 1_763_000_000_000, max_bytes=1 << 30, seal_seconds=60)
    spool.append(batch([b"before"]), now=0)
    ballast = fill(small_disk)
    large = batch([os.urandom(300_000)], first=1)
    for _ in range(3):
        with pytest.raises(StorageError, match=r"cannot append to .*\.spool: No space left on device"):
            spool.append(large, now=0)
    assert spool.due(now=1000) == []  # what is in doubt is not sealed
    ballast.unlink()
    # Smaller than what failed, so that it cannot simply be written over it.
    spool.append(batch([b"after"], first=1), now=0)
    (segment,) = spool.due(now=1000)
    with segment.path.open("rb") as file:
        reader = SegmentReader(file)
        assert [b["payload"].to_pylist() for b in reader] == [[b"before"], [b"after"]]
        assert reader.lost == []


def test_a_segment_that_could_not_be_begun_leaves_none_behind(small_disk: Path) -> None:
    folder = small_disk / "spool"
    folder.mkdir()
    spool = Spool(folder, 1_763_000_000_000, max_bytes=1 << 30, seal_seconds=60)
    ballast = fill(small_disk)
    for _ in range(2):
        with pytest.raises(StorageError, match="cannot begin"):
            spool.append(batch([b"one"]), now=0)
    assert list_segments(folder) == []
    ballast.unlink()
    spool.append(batch([b"one"]), now=0)
    assert [s.segment for s in spool.close()] == [0]


def test_after_a_failed_fsync_the_segment_is_closed_and_another_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path, 1_763_000_000_000, max_bytes=1 << 30, seal_seconds=60)
    spool.append(batch([b"before"]), now=0)

    def fails(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    # The one double of this room: no disk here can be made to fail an fsync and nothing else.
    monkeypatch.setattr("iot_assets.landing.segment.sync_data", fails)
    with pytest.raises(StorageError, match="Input/output error"):
        spool.append(batch([b"after"], first=1), now=0)
    monkeypatch.undo()
    spool.append(batch([b"after"], first=1), now=0)
    found = []
    for segment in spool.close():
        with segment.path.open("rb") as file:
            found.append([b["payload"].to_pylist() for b in SegmentReader(file)])
    assert found == [[[b"before"]], [[b"after"]]]


@pytest.mark.broker
def test_on_a_full_disk_nothing_is_acknowledged_and_all_is_landed_once_there_is_room(
    mosquitto: Mosquitto, small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    port = free_port()
    settings = settings_for(small_disk, mosquitto.port, lander={"metrics_port": port})
    with Running(settings) as lander:
        lander.connected()
        mosquitto.publish(numbered(10))
        wait_for(lambda: (s := lander.status) and s.acknowledged_messages == 10, "the first messages")
        ballast = fill(small_disk)
        mosquitto.publish([("t/big", os.urandom(100_000))])
        mosquitto.publish(numbered(500, 10))
        tree = wait_for(lambda: (t := json.loads(get(port, "/healthz")[1]))["storage_problem"] and t, "trouble")
        assert "No space left on device" in tree["storage_problem"]
        assert "nothing more is taken until it can be written" in tree["storage_problem"]
        assert (tree["acknowledged_messages"], tree["reading"]) == (10, False)
        ballast.unlink()
        wait_for(lambda: (s := lander.status) and s.acknowledged_messages == 511, "the rest")
        assert lander.status is not None
        assert lander.status.storage_problem is None
    rows = landed_rows(small_disk)
    assert [int(r["payload"]) for r in rows if r["topic"] != "t/big"] == list(range(510))
    assert {r["session"] for r in rows} == {1}
    assert said(caplog.records, "the disk takes data again")


@pytest.mark.broker
def test_while_it_cannot_write_the_connection_lives_far_beyond_the_keepalive(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path / "data", mosquitto.port, mqtt={"keepalive_seconds": 5})
    lander = Process(settings)
    lander.connected()
    unlimited = resource.prlimit(lander.pid, resource.RLIMIT_FSIZE)
    # No root needed: from now on the system lets this process write not one byte to any file.
    resource.prlimit(lander.pid, resource.RLIMIT_FSIZE, (0, unlimited[1]))
    mosquitto.publish(numbered(100))
    wait_for(lambda: "nothing more is taken" in lander.log, "trouble")
    until = time.monotonic() + 12
    while time.monotonic() < until:
        mosquitto.publish(numbered(10, 1000))
        time.sleep(1)
    assert lander.log.count("nothing more is taken") == 1
    resource.prlimit(lander.pid, resource.RLIMIT_FSIZE, unlimited)
    wait_for(lambda: len(set(landed_payloads(tmp_path / "data"))) == 110, "the messages")
    assert lander.end() == 0
    assert {r["session"] for r in landed_rows(tmp_path / "data")} == {1}
    assert not any(r["dup"] for r in landed_rows(tmp_path / "data"))
    assert mosquitto.log.count("as iot-assets (") == 1


@pytest.mark.broker
def test_a_folder_that_cannot_be_written_is_waited_for(
    mosquitto: Mosquitto, small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = small_disk / "spool" / "lander"
    with Running(settings_for(small_disk, mosquitto.port)) as lander:
        lander.connected()
        mosquitto.publish(numbered(5))
        wait_for(lambda: len(landed_payloads(small_disk)) == 5, "landed messages")
        # Permissions do not bind root; what is mounted read-only over the folder does.
        subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(spool)], check=True)
        try:
            mosquitto.publish(numbered(5, 5))
            wait_for(lambda: said(caplog.records, "Read-only file system; "), "trouble")
        finally:
            subprocess.run(["umount", "--lazy", str(spool)], check=True)
        wait_for(lambda: (s := lander.status) and s.acknowledged_messages == 10, "the rest")
    assert list(map(int, landed_payloads(small_disk))) == list(range(10))


@pytest.mark.broker
def test_a_spool_that_cannot_be_made_is_waited_for_at_the_start(
    mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "spool").write_text("a file where the folder should be")
    with Running(settings_for(data, mosquitto.port)) as lander:
        wait_for(lambda: said(caplog.records, "nothing is taken until that is mended"), "trouble")
        (data / "spool").unlink()
        lander.connected()
        mosquitto.publish(numbered(5))
        wait_for(lambda: len(landed_payloads(data)) == 5, "messages")


def test_told_to_stop_while_it_cannot_begin_it_stops(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file where the folder should be")
    with Running(settings_for(tmp_path, None)) as lander:
        pass
    assert lander.report is not None
    assert "cannot use" in str(lander.report.storage_problem)


@pytest.mark.broker
def test_told_to_stop_while_it_cannot_write_it_leaves_the_messages_to_the_broker(
    mosquitto: Mosquitto, small_disk: Path
) -> None:
    port = free_port()
    settings = settings_for(small_disk, mosquitto.port, lander={"metrics_port": port})
    with Running(settings) as lander:
        lander.connected()
        ballast = fill(small_disk)
        mosquitto.publish(numbered(50))
        wait_for(lambda: '"reading": false' in get(port, "/healthz")[1], "trouble")
    assert lander.report is not None
    assert lander.report.acknowledged == 0
    ballast.unlink()
    with Running(settings) as lander:
        wait_for(lambda: (s := lander.status) and s.acknowledged_messages == 50, "all of them again")
    assert set(map(int, landed_payloads(small_disk))) == set(range(50))
