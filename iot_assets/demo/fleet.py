"""``python -m iot_assets.demo.fleet``: publishes the fleet's messages at their time, until told to stop.

Belongs here: the clock, the connection, and the status file by which others see that it works. Does not: what is said
(``messages.py``). It reads the same settings as everything else: ``mqtt`` for where to, ``demo`` for what.
"""

from __future__ import annotations

import heapq
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from iot_assets.demo.devices import PLACES, STATIONS
from iot_assets.demo.guests import GUESTS, guest_messages
from iot_assets.demo.messages import Message, messages
from iot_assets.settings import Demo, Settings, load_settings

#: A message that could not be sent in time by so many seconds is left out: the machine slept, and so did the fleet.
_OVERSLEPT_SECONDS: Final = 10.0
#: Messages that wait while the broker is away, as in the small memory of real devices.
_MEMORY_MESSAGES: Final = 10_000
_STATUS_SECONDS: Final = 1.0
_FAREWELL_SECONDS: Final = 5.0

#: How many devices there are, and how many conventions they speak: those of the guests, sensor_value and telemetry.
DEVICES: Final = len(PLACES) + STATIONS + len(GUESTS)
CONVENTIONS: Final = len(GUESTS) + 2
#: The guests' share of all messages; but each speaks at most once a second, since some tell the time in whole seconds.
_GUESTS_SHARE: Final = 0.1

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Tally:
    """What became of the messages so far."""

    pid: int
    published: int = 0
    acknowledged: int = 0
    lost: int = 0


def status_path(data_dir: Path) -> Path:
    """Where the fleet says how it is doing."""
    return data_dir / "demo" / "fleet.json"


def spoken(demo: Demo, start: datetime) -> Iterator[Message]:
    """What the whole fleet sends from ``start`` on, in the order of time, without end."""
    guests = min(demo.messages_per_second * _GUESTS_SHARE, len(GUESTS))
    others = demo.messages_per_second - guests
    return heapq.merge(
        messages(seed=demo.seed, start=start, per_second=others, trouble=demo.trouble),
        guest_messages(seed=demo.seed, start=start, per_second=guests),
        key=lambda message: message.at,
    )


class Fleet:
    """Publishes until ``stop`` is set."""

    def __init__(self, settings: Settings, stop: threading.Event) -> None:
        self._settings, self._stop = settings, stop
        self.tally = Tally(pid=os.getpid())
        self._status_at = 0.0
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="iot-assets-demo-fleet", clean_session=False)
        self._client.max_inflight_messages_set(1000)
        self._client.max_queued_messages_set(_MEMORY_MESSAGES)
        self._client.reconnect_delay_set(1, 5)
        self._client.on_publish = self._on_publish
        self._client.on_connect = lambda *_: log.info("connected")
        self._client.on_disconnect = lambda *_: log.info("disconnected")

    def run(self) -> Tally:
        """Publish each message when its time has come; what is still unacknowledged at the end is waited for."""
        mqtt, demo = self._settings.mqtt, self._settings.demo
        self._client.connect_async(mqtt.host, mqtt.port)
        self._client.loop_start()
        start = datetime.now(UTC)
        for message in spoken(demo, start):
            if not self._wait_until(message.at):
                break
            if (datetime.now(UTC) - message.at).total_seconds() < _OVERSLEPT_SECONDS:
                self._publish(message.topic, message.payload)
        deadline = time.monotonic() + _FAREWELL_SECONDS
        while self._client.is_connected() and self._unanswered() and time.monotonic() < deadline:
            time.sleep(0.02)
        self._client.disconnect()
        self._client.loop_stop()
        self._write_status()
        return self.tally

    def _wait_until(self, at: datetime) -> bool:
        """Wait, writing the status meanwhile; False once the fleet is to stop."""
        while not self._stop.is_set():
            if time.monotonic() - self._status_at >= _STATUS_SECONDS:
                self._write_status()
            if (ahead := (at - datetime.now(UTC)).total_seconds()) <= 0:
                return True
            self._stop.wait(min(ahead, _STATUS_SECONDS))
        return False

    def _publish(self, topic: str, payload: bytes) -> None:
        info = self._client.publish(topic, payload, qos=1)
        if info.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
            self.tally.lost += 1
        else:
            self.tally.published += 1

    def _unanswered(self) -> bool:
        return self.tally.acknowledged < self.tally.published

    def _on_publish(self, *_: object) -> None:
        self.tally.acknowledged += 1

    def _write_status(self) -> None:
        self._status_at = time.monotonic()
        path = status_path(self._settings.data_dir)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".tmp")
        unfinished.write_text(json.dumps(asdict(self.tally)), encoding="utf-8")
        unfinished.replace(path)


def main() -> None:
    """Publish until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = load_settings()
    log.info("the fleet of seed %s sends %s messages a second", settings.demo.seed, settings.demo.messages_per_second)
    tally = Fleet(settings, stop).run()
    log.info(
        "published %s, acknowledged %s, lost for want of memory %s", tally.published, tally.acknowledged, tally.lost
    )


if __name__ == "__main__":
    main()
