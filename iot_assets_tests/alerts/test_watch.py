"""The watcher as a process of its own: killed between sending and marking, receivers that go away, one a house."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from iot_assets.alerts import outbox
from iot_assets.alerts.alert import Kind, Notice
from iot_assets.alerts.channels import webhook
from iot_assets.alerts.delivery import deliver_one
from iot_assets.alerts.store import Store
from iot_assets.alerts.words import body_of_test
from iot_assets.sections.alerts import Alerts
from iot_assets.settings import Settings
from iot_assets_tests.alerts.conftest import webhook as webhook_channel
from iot_assets_tests.alerts.receivers import HttpReceiver, MailReceiver
from iot_assets_tests.brokers import free_port
from iot_assets_tests.waiting import eventually


class Watched:
    """A data folder, its settings file, and watchers that are started on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []

    def configure(self, *channels: dict[str, Any], **alerts: Any) -> None:
        given = {"for_seconds": 1, "every_seconds": 1, "cooldown_minutes": 0, "retry_max_seconds": 2}
        lines = [f"{k} = {json.dumps(v)}" for k, v in (given | {"watch_dagster": False} | alerts).items()]
        text = "\n".join(["[alerts]", *lines])
        for channel in channels:
            text += "\n[[alerts.channels]]\n" + "\n".join(f"{k} = {json.dumps(v)}" for k, v in channel.items())
        (self.folder / "iot.toml").write_text(text)

    def run(self, *words: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"out{len(self.processes)}").open("wb") as out:
            command = [sys.executable, "-m", "iot_assets", "alerts", *words]
            given = {name: value for name, value in os.environ.items() if not name.startswith("IOT_")}
            process = subprocess.Popen(command, cwd=self.folder, env=given, stdout=out, stderr=subprocess.STDOUT)
        self.processes.append(process)
        return process

    def said(self, *words: str, code: int = 0) -> str:
        process = self.run(*words)
        assert process.wait(60) == code
        return (self.folder / f"out{len(self.processes) - 1}").read_text()

    def logged(self) -> list[dict[str, Any]]:
        path = self.folder / "data" / "logs" / "alerts.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path)
    yield made
    for process in made.processes:
        if process.poll() is None:
            process.kill()
            process.wait()


def hook(http: HttpReceiver) -> dict[str, Any]:
    return {"name": "hook", "kind": "webhook", "url": http.url, "timeout_seconds": 10}


def test_killed_between_sending_and_marking_it_sends_again_under_the_same_id_and_then_no_more(
    watched: Watched, http: HttpReceiver
) -> None:
    watched.configure(hook(http))
    http.hold.clear()  # it has the notice, and does not answer yet
    first = watched.run("watch")
    eventually(lambda: http.bodies, seconds=30)
    first.kill()
    first.wait()
    http.hold.set()
    watched.run("watch")
    eventually(lambda: len(http.bodies) >= 2, seconds=30)
    assert http.told("lander_down") == ["raised", "raised"]
    assert len({body["notice_id"] for body in http.bodies}) == 1
    eventually(lambda: "hook" in watched.said("channels") and _sent(watched) == 1, seconds=30)
    third = _restarted(watched)
    time.sleep(3)
    assert third.poll() is None
    assert http.told("lander_down") == ["raised", "raised"]


def _sent(watched: Watched) -> int:
    store = Store(watched.folder / "data" / "alerts.sqlite")
    try:
        return outbox.state_of(store, "hook").sent
    finally:
        store.close()


def _restarted(watched: Watched) -> subprocess.Popen[bytes]:
    running = [p for p in watched.processes if p.poll() is None]
    for process in running:
        process.kill()
        process.wait()
    return watched.run("watch")


def test_a_store_that_cannot_be_written_does_not_make_it_send_again_and_again(
    http: HttpReceiver, tmp_path: Path
) -> None:
    path = tmp_path / "alerts.sqlite"
    store, taken = Store(path, wait_seconds=0.1), set[str]()
    outbox.enqueue(store, "hook", Kind.TEST, severity="info", body=body_of_test(Settings()), now=datetime.now(UTC))
    other = sqlite3.connect(path, isolation_level=None)
    chat = webhook_channel(http)

    def send(notice: Notice) -> None:
        webhook.send(chat, notice)
        other.execute("begin immediate")  # nobody else can write from here on

    with pytest.raises(sqlite3.OperationalError):
        deliver_one(store, "hook", send, Alerts(), taken)
    for _ in range(3):
        with pytest.raises(sqlite3.OperationalError):
            deliver_one(store, "hook", send, Alerts(), taken)
    other.execute("rollback")
    assert deliver_one(store, "hook", send, Alerts(), taken)
    assert len(http.bodies) == 1
    assert outbox.state_of(store, "hook").sent == 1
    store.close()
    other.close()


def test_what_a_receiver_misses_while_it_is_away_it_gets_when_it_is_back_and_the_others_are_told(
    watched: Watched, http: HttpReceiver, mail: MailReceiver
) -> None:
    http.stop()
    people = {"sender": "iot@example.org", "recipients": ["you@example.org"]}
    box = {"name": "mail", "kind": "smtp", "host": "127.0.0.1", "port": mail.port, "security": "none", **people}
    watched.configure(hook(http), box, house="plant 7")
    watched.run("watch")
    down = "[plant 7] WARNING: An alert channel is down (hook)"
    eventually(lambda: down in mail.subjects(), seconds=60)
    listed = watched.said("channels")
    assert "down" in listed
    assert "cannot be reached" in listed
    assert "channel hook is down" in watched.said()
    http.start()
    eventually(lambda: http.told("lander_down") == ["raised"], seconds=60)
    eventually(lambda: "[plant 7] OK: Over: An alert channel is down (hook)" in mail.subjects(), seconds=60)
    assert http.told("channel_down") == []
    assert [line["cause"] for line in watched.logged()].count("lander_down") == 1


def test_one_watcher_is_enough(watched: Watched) -> None:
    watched.configure()
    first = watched.run("watch")
    eventually(watched.logged, seconds=30)
    refused = watched.said("watch", code=1)
    assert f"is in use by another watcher (process {first.pid})" in refused
    first.send_signal(signal.SIGTERM)
    assert first.wait(20) == 0


def test_the_command_line_lists_acknowledges_and_tests(watched: Watched, http: HttpReceiver) -> None:
    watched.configure(hook(http))
    assert "Nothing is wrong" in watched.said()
    assert "There never was an alert." in watched.said("history")
    watched.run("watch")
    eventually(lambda: http.told("lander_down"), seconds=30)
    (alert,) = [json.loads(line) for line in watched.said("--json").splitlines()]
    assert (alert["what"], alert["severity"], alert["state"]) == ("The lander is down", "critical", "open")
    assert "no open alert" in watched.said("ack", "zzzz", code=1)
    assert "is looked after by" in watched.said("ack", alert["id"][:6], "--note", "on my way")
    assert "acknowledged" in watched.said()
    assert "on my way" in watched.said("history")
    assert watched.said("test").splitlines() == ["log: taken", "hook: taken"]
    assert http.told("test") == ["test"]
    http.stop()
    assert "hook: failed: it cannot be reached" in watched.said("test", "--channel", "hook", code=1)
    assert "'fax' is none of log, hook" in watched.said("test", "--channel", "fax", code=2)


def test_its_figures_can_be_scraped(watched: Watched, http: HttpReceiver) -> None:
    http.stop()
    port = free_port()
    watched.configure(hook(http), metrics_port=port)
    watched.run("watch")

    def page() -> str:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            return str(answer.read().decode())
        return ""

    eventually(lambda: 'channel_up{channel="hook"} 0.0' in page(), seconds=30)
    told = page()
    for line in (
        'iot_assets_alerts_open{severity="critical"} 1.0',
        'iot_assets_alerts_channel_up{channel="log"} 1.0',
        'iot_assets_alerts_channel_sent_total{channel="log"} ',
        'iot_assets_alerts_channel_waiting{channel="hook"} ',
        'iot_assets_alerts_channel_dropped_total{channel="hook"} 0.0',
        "iot_assets_alerts_last_look_timestamp_seconds 1.",
    ):
        assert line in told


def test_a_wrong_cause_in_the_settings_is_refused(watched: Watched) -> None:
    watched.configure(ignore=["lander_dow"])
    assert "did you mean 'lander_down'" in watched.said("watch", code=1)


def test_the_watcher_is_light(watched: Watched) -> None:
    watched.configure()
    process = watched.run("watch")
    eventually(watched.logged, seconds=30)
    if not Path(f"/proc/{os.getpid()}/maps").exists():
        pytest.skip("THERE IS NO /proc, so what the watcher loads was not looked at")
    assert "dagster/" not in Path(f"/proc/{process.pid}/maps").read_text()
    status = Path(f"/proc/{process.pid}/status").read_text()
    used = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    assert used < 120_000
