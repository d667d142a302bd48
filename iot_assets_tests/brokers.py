"""A real Mosquitto for tests: its own process, folder, configuration file and free loopback port.

Belongs here: starting, stopping, killing it, and publishing with plain paho. Does not: fixtures (``conftest.py``).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

if TYPE_CHECKING:
    from paho.mqtt.properties import Properties

#: What the docs tell people to set: nothing of a long absence is dropped, and a large window is allowed.
FRIENDLY: Final = (
    "allow_anonymous true",
    "persistence true",
    "autosave_interval 1",
    "max_queued_messages 1000000",
    "max_inflight_messages 20000",
    "set_tcp_nodelay true",
    "sys_interval 1",
)
#: Nothing set but what is needed to connect at all: 1,000 messages queued, 20 in flight, nothing kept on disk.
STOCK: Final = ("allow_anonymous true",)


def find_mosquitto() -> str | None:
    """The path of the broker program, also where Debian hides it from ordinary users."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mosquitto:
    """One broker. ``stop`` and ``start`` keep its port and folder, so a persistent one goes on where it was."""

    host: Final = "127.0.0.1"

    def __init__(self, folder: Path, lines: Iterable[str] = FRIENDLY, *, log: str = "all") -> None:
        """``log``: what it writes down; all of it makes a broker several times slower."""
        self.folder, self._log = folder, log
        self.port = free_port()
        self.lines = list(lines)
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def log(self) -> str:
        """All that the broker has said."""
        return (self.folder / "mosquitto.log").read_text(errors="replace")

    def start(self) -> None:
        """Start the broker with the lines as they are now, and wait until it accepts connections."""
        configuration = self.folder / "mosquitto.conf"
        # Lines of the settings that belong to a listener (TLS, for instance) count for the one above them.
        common = [f"persistence_location {self.folder}/", f"log_type {self._log}", f"listener {self.port} {self.host}"]
        if os.getuid() == 0:
            common.insert(0, "user root")  # otherwise it becomes a user who may not enter the tests' folder
        configuration.write_text("\n".join([*common, *self.lines]) + "\n")
        program = find_mosquitto()
        assert program is not None
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen([program, "-c", str(configuration)], stdout=log, stderr=log)
        deadline = time.monotonic() + 15
        while True:
            with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), timeout=1):
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"mosquitto did not start:\n{self.log}")
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the process, kindly or (``SIGKILL``) not."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(15)
            self._process = None

    def publish(
        self,
        messages: Iterable[tuple[str, bytes | str]],
        *,
        qos: int = 1,
        retain: bool = False,
        properties: Properties | None = None,
        username: str | None = None,
        password: str | None = None,
    ) -> int:
        """Publish and wait until the broker has answered for each; the number published."""
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        client.max_inflight_messages_set(1000)
        if username is not None:
            client.username_pw_set(username, password)
        client.connect(self.host, self.port)
        client.loop_start()
        try:
            infos = [client.publish(t, p, qos=qos, retain=retain, properties=properties) for t, p in messages]
            for info in infos:
                info.wait_for_publish(60)
                assert info.is_published()
        finally:
            client.disconnect()
            client.loop_stop()
        return len(infos)
