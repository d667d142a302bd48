"""The demo's configuration of a real mosquitto does what it says."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from iot_assets.demo.mosquitto import find_mosquitto, prepare_mosquitto
from iot_assets_tests.brokers import free_port
from iot_assets_tests.demo.clients import Paho
from iot_assets_tests.waiting import eventually

pytestmark = pytest.mark.broker


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@contextmanager
def mosquitto(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    if (program := find_mosquitto()) is None:
        pytest.skip("MOSQUITTO IS NOT INSTALLED, so the demo's configuration of it was not tried; install it")
    with subprocess.Popen(prepare_mosquitto(program, folder, port)) as process:
        try:
            eventually(lambda: answers(port))
            yield process
        finally:
            process.terminate()
            process.wait(10)


def test_a_session_and_its_queue_survive_a_restart_of_the_broker(tmp_path: Path) -> None:
    folder, port = tmp_path / "a folder" / "mosquitto", free_port()
    with mosquitto(folder, port):
        with Paho(port, client_id="keeper", clean=False, subscriptions=(("a", 1),)):
            pass
        with Paho(port) as writer:
            for n in range(1500):  # more than a stock broker keeps
                writer.client.publish("a", str(n), qos=1)
            writer.publish("a", "last")
    with mosquitto(folder, port), Paho(port, client_id="keeper", clean=False) as reader:
        assert reader.session_present is True
        eventually(lambda: len(reader.got) == 1501)
        assert reader.payloads()[-1] == b"last"


def test_it_listens_on_loopback_only(tmp_path: Path) -> None:
    port, table = free_port(), Path("/proc/net/tcp")
    if not table.exists():
        pytest.skip("only Linux shows its listening sockets as a file")
    with mosquitto(tmp_path, port):
        listening = [
            line.split()[1]
            for line in table.read_text().splitlines()[1:]
            if line.split()[3] == "0A" and line.split()[1].endswith(f":{port:04X}")
        ]
    assert listening == [f"0100007F:{port:04X}"]
