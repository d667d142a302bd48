"""A publisher that never gives up, and remembers which messages the broker has answered for, and when.

Belongs here: publishing through whatever happens to the broker. Does not: what is published.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

if TYPE_CHECKING:
    from collections.abc import Iterable

_PATIENCE: Final = 60.0


class Publisher:
    """One device's connection to the broker, QoS 1, with a session that outlives it."""

    def __init__(self, port: int, name: str) -> None:
        self.confirmed: dict[bytes, float] = {}
        """Payload → when the broker last answered for it."""
        self.sent: set[bytes] = set()
        self._waiting: dict[int, bytes] = {}
        self._early: set[int] = set()
        self._lock = threading.Lock()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)
        self._client.reconnect_delay_set(1, 1)
        self._client.max_inflight_messages_set(200)
        self._client.on_publish = lambda client, data, mid, *_: self._answered(mid)
        self._client.connect("127.0.0.1", port, keepalive=30)
        self._client.loop_start()

    def publish(self, topic: str, payloads: Iterable[bytes]) -> None:
        """Hand over messages; whatever the broker does, they are sent until it answers."""
        for payload in payloads:
            info = self._client.publish(topic, payload, qos=1)
            with self._lock:
                self.sent.add(payload)
                if info.mid in self._early:
                    self._early.discard(info.mid)
                    self.confirmed[payload] = time.monotonic()
                else:
                    self._waiting[info.mid] = payload

    def settled(self) -> bool:
        """Whether the broker has answered for all."""
        return not self._waiting

    def forgive(self, since: float) -> None:
        """The broker has forgotten what it took after this instant."""
        with self._lock:
            self.confirmed = {payload: at for payload, at in self.confirmed.items() if at < since}

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _answered(self, mid: int) -> None:
        with self._lock:
            if mid in self._waiting:
                self.confirmed[self._waiting.pop(mid)] = time.monotonic()
            else:
                self._early.add(mid)
