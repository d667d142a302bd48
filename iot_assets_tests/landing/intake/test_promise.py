"""The promise: what was answered with success is in the lake, whatever then happens to the lander or its disk."""

from __future__ import annotations

import contextlib
import http.client
import logging
import random
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from iot_assets_tests.landing.harness import (
    Process,
    Running,
    landed_payloads,
    landed_rows,
    numbered,
    said,
    wait_for,
)
from iot_assets_tests.landing.intake.senders import HEAD, LINE, Sender, intake_settings, taking
from iot_assets_tests.landing.test_storage_trouble import fill

if TYPE_CHECKING:
    from pathlib import Path

    from iot_assets.settings import Settings
    from iot_assets_tests.brokers import Mosquitto


class Crowd:
    """Senders that go on sending, each line only once, and remember which were answered with success."""

    def __init__(self, settings: Settings, count: int) -> None:
        self._settings = settings
        self._stop = threading.Event()
        self.answered: list[list[bytes]] = [[] for _ in range(count)]
        self.statuses: set[int] = set()
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(count)]
        for thread in self._threads:
            thread.start()

    def _send(self, number: int) -> None:
        sent = 0
        while not self._stop.is_set():
            sender = Sender(self._settings)
            with contextlib.suppress(OSError, http.client.HTTPException):
                while not self._stop.is_set():
                    sent += 1
                    body = b"%d sender/%d %d\n" % (1649941817 + sent, number, sent)
                    status = sender.lines(body).status
                    self.statuses.add(status)
                    if status == 200:
                        self.answered[number].append(body)
            sender.close()
            time.sleep(0.01)

    @property
    def count(self) -> int:
        return sum(map(len, self.answered))

    def end(self) -> list[bytes]:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        return [body for bodies in self.answered for body in bodies]


def test_killed_under_load_again_and_again_it_has_all_that_it_answered(tmp_path: Path) -> None:
    settings = intake_settings(tmp_path / "data")
    lander, chance = Process(settings), random.Random(11)
    taking(settings)
    crowd = Crowd(settings, 8)
    try:
        for _ in range(4):
            before = crowd.count
            wait_for(lambda: crowd.count > before + 100, "answers")  # noqa: B023 - asked before it moves on
            time.sleep(chance.uniform(0, 0.3))
            assert lander.end(signal.SIGKILL) == -signal.SIGKILL
            lander = Process(settings)
            taking(settings)
        assert lander.end(signal.SIGTERM) == 0
    finally:
        answered = crowd.end()
    assert crowd.statuses <= {200, 503}
    landed = landed_payloads(tmp_path / "data")
    assert len(answered) > 400
    assert set(answered) - set(landed) == set()
    assert len(landed) == len(set(landed)), "nothing was sent twice, so nothing may be there twice"


def test_stopped_under_load_it_answers_what_it_has_taken_and_lands_just_that(tmp_path: Path) -> None:
    settings = intake_settings(tmp_path / "data")
    lander = Process(settings)
    taking(settings)
    crowd = Crowd(settings, 8)
    try:
        wait_for(lambda: crowd.count > 200, "answers")
        assert lander.end(signal.SIGTERM) == 0
    finally:
        answered = crowd.end()
    landed = landed_payloads(tmp_path / "data")
    assert sorted(landed) == sorted(answered)
    assert f"taken {len(landed)} messages, acknowledged 0, landed {len(landed)} in " in lander.log
    assert "Traceback" not in lander.log


def test_on_a_full_disk_it_refuses_and_takes_again_once_there_is_room(
    small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with Running(intake_settings(small_disk)) as lander:
        sender = taking(lander.settings)
        assert sender.lines().status == 200
        ballast = fill(small_disk)
        large = LINE * 20_000
        answer = sender.lines(large)
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) > 0
        assert answer.refusal.startswith("the disk takes no data at the moment")
        # Nothing that waits is left to try the disk with, and yet it is not taken for mended.
        for _ in range(5):
            time.sleep(0.1)
            assert sender.ask("GET", "/health").status == 503
            assert sender.lines().status == 503
        assert sender.ask("GET", "/health").refusal.startswith("the disk takes no data")
        ballast.unlink()
        wait_for(lambda: sender.ask("GET", "/health").status == 200, "the disk to be found mended")
        assert sender.lines(large).status == 200
    assert landed_payloads(small_disk) == [LINE, large]
    assert len(said(caplog.records, "No space left on device")) == 1
    assert len(said(caplog.records, "the disk takes data again")) == 1


def test_what_could_not_be_fsynced_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Running(intake_settings(tmp_path / "data")) as lander:
        sender = taking(lander.settings)

        def fails(descriptor: int) -> None:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr("iot_assets.landing.segment.sync_data", fails)
        assert sender.lines(b"1 refused 1").status == 503
        monkeypatch.undo()
        wait_for(lambda: sender.ask("GET", "/health").status == 200, "the disk to be found mended")
        assert sender.lines(b"1 taken 1").status == 200
    assert landed_payloads(tmp_path / "data") == [b"1 taken 1"]


def test_while_the_spool_cannot_be_used_at_the_start_it_says_so(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "spool").write_text("a file where the folder should be")
    with Running(intake_settings(data)) as lander:
        sender = Sender(lander.settings)

        def health() -> int:
            try:
                return sender.ask("GET", "/health").status
            except OSError:
                sender.close()
                return 0

        wait_for(lambda: health() == 503, "an answer")
        assert sender.lines().status == 503
        (data / "spool").unlink()
        wait_for(lambda: health() == 200, "the spool")
        assert sender.lines().status == 200


def test_a_body_half_sent_when_the_lander_stops_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iot_assets.landing.intake.server._FAREWELL_SECONDS", 0.2)
    with Running(intake_settings(tmp_path / "data")) as lander:
        sender = taking(lander.settings)
        sender.lines()
        sender.socket.sendall(HEAD % (2 * len(LINE)) + b"\r\n" + LINE)
        time.sleep(0.2)
        lander.finish()
        answer = sender.socket.recv(65536)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 503 ")
    assert landed_payloads(tmp_path / "data") == [LINE]


@pytest.mark.broker
def test_a_broker_and_senders_share_one_lander(mosquitto: Mosquitto, tmp_path: Path) -> None:
    with Running(intake_settings(tmp_path / "data", broker=mosquitto.port)) as lander:
        lander.connected()
        taking(lander.settings)
        crowd = Crowd(lander.settings, 4)
        for n in range(0, 2000, 100):
            mosquitto.publish(numbered(100, n))
        wait_for(lambda: (s := lander.status) and s.acknowledged_messages == 2000, "acknowledgements")
        wait_for(lambda: crowd.count > 100, "answers")
        answered = crowd.end()
        mosquitto.stop()
        sender = taking(lander.settings)  # without its broker it goes on taking
        assert sender.lines().status == 200
    assert crowd.statuses == {200}
    rows = landed_rows(tmp_path / "data")
    assert sorted(r["payload"] for r in rows if r["source"] == "http") == sorted([*answered, LINE])
    assert [int(r["payload"]) for r in rows if r["source"] != "http"] == list(range(2000))
