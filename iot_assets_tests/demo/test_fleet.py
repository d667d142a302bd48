"""The fleet as a process: it publishes, waits for a broker that is not there yet, and leaves nothing unanswered."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from iot_assets.demo.registry import write_registry
from iot_assets_tests.brokers import free_port
from iot_assets_tests.demo.clients import Paho, running
from iot_assets_tests.waiting import eventually


def start_fleet(port: int, data: Path) -> subprocess.Popen[bytes]:
    settings = {
        "IOT_DATA_DIR": str(data),
        "IOT_MQTT__PORT": str(port),
        "IOT_DEMO__MESSAGES_PER_SECOND": "400",
        "IOT_DEMO__TROUBLE": "false",
    }
    return subprocess.Popen([sys.executable, "-m", "iot_assets.demo.fleet"], env=os.environ | settings)


def status(data: Path) -> dict[str, int]:
    path = data / "demo" / "fleet.json"
    found: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
    return found


def test_it_publishes_and_at_the_end_everything_is_acknowledged(tmp_path: Path) -> None:
    with running() as broker, Paho(broker.port, subscriptions=(("#", 1),)) as reader:
        fleet = start_fleet(broker.port, tmp_path)
        eventually(lambda: len(reader.got) > 200)
        fleet.send_signal(signal.SIGTERM)
        assert fleet.wait(15) == 0
        told = status(tmp_path)
        assert told["pid"] == fleet.pid
        assert told["published"] == told["acknowledged"]
        assert told["lost"] == 0
        eventually(lambda: len(reader.got) == told["published"])


def test_it_waits_for_a_broker_that_comes_later_and_loses_nothing(tmp_path: Path) -> None:
    port = free_port()
    fleet = start_fleet(port, tmp_path)
    eventually(lambda: status(tmp_path).get("published", 0) > 0)
    assert status(tmp_path)["acknowledged"] == 0
    with running(port=port):
        eventually(lambda: status(tmp_path)["acknowledged"] > 100)
        fleet.send_signal(signal.SIGINT)
        assert fleet.wait(15) == 0
        told = status(tmp_path)
        assert told["published"] == told["acknowledged"]


def test_the_registry_file_is_left_alone_when_it_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "demo" / "registry.json"
    write_registry(path, 1)
    before = path.stat()
    write_registry(path, 1)
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert path.stat().st_ino == before.st_ino
    write_registry(path, 2)
    assert path.stat().st_ino != before.st_ino
