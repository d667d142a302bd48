"""What the broker owes one client: its subscriptions, what waits for it, and what it has not acknowledged yet.

Belongs here: the state that MQTT 3.1.1 calls a session (3.1.2.4) and its bounds. Does not: sockets and bytes
(``broker.py``, ``packets.py``); a session reaches its client only through the function it is given.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from iot_assets.demo.topics import matches

if TYPE_CHECKING:
    from iot_assets.demo.packets import Publish


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a broker sends ahead of acknowledgements, and how much it keeps for a client, before it drops."""

    in_flight: int = 100
    queued_messages: int = 100_000
    queued_bytes: int = 256 * 1024 * 1024


@dataclass(slots=True)
class Session:
    """One client's state; it outlives the connection unless the client asked for a clean session."""

    client_id: str
    clean: bool
    bounds: Bounds
    subscriptions: dict[str, int] = field(default_factory=dict)
    queue: deque[Publish] = field(default_factory=deque)
    in_flight: dict[int, Publish] = field(default_factory=dict)
    """Sent and not acknowledged, by packet id, in the order sent."""
    unreleased: set[int] = field(default_factory=set)
    """Packet ids of QoS 2 messages taken from this client and not yet released by it (4.3.3)."""
    send: Callable[[Publish], bool] | None = None
    """Writes to the client's connection while there is one; False where it is too slow for a QoS 0 message."""
    dropped: int = 0
    _queued_bytes: int = 0
    _last_id: int = 0

    def wants(self, topic: str) -> int | None:
        """The highest QoS among the subscriptions that match, or None: overlapping ones deliver once."""
        return max((qos for name, qos in self.subscriptions.items() if matches(name, topic)), default=None)

    def deliver(self, message: Publish) -> None:
        """Send it, or keep it until the client has room or is back; beyond the bounds it is dropped and counted."""
        if message.qos == 0:
            if self.send is not None and not self.send(message):  # nothing is owed to those who are away (4.3.1)
                self.dropped += 1
            return
        size = len(message.payload)
        if len(self.queue) >= self.bounds.queued_messages or self._queued_bytes + size > self.bounds.queued_bytes:
            self.dropped += 1
            return
        self.queue.append(message)
        self._queued_bytes += size
        self.pump()

    def acknowledge(self, packet_id: int) -> None:
        """The client has it; the next one may go."""
        self.in_flight.pop(packet_id, None)
        self.pump()

    def attach(self, send: Callable[[Publish], bool]) -> None:
        """A connection is there: what was sent and not acknowledged goes again first, in its order, marked DUP."""
        self.send = send
        for packet_id, message in self.in_flight.items():
            send(replace(message, dup=True, packet_id=packet_id))
        self.pump()

    def detach(self) -> None:
        """The connection is gone."""
        self.send = None

    def pump(self) -> None:
        """Send what waits, as far as the window allows."""
        while self.send is not None and self.queue and len(self.in_flight) < self.bounds.in_flight:
            message = self.queue.popleft()
            self._queued_bytes -= len(message.payload)
            packet_id = self._free_id()
            self.in_flight[packet_id] = message
            self.send(replace(message, packet_id=packet_id))

    def _free_id(self) -> int:
        # The window is far smaller than the 65,535 ids, so one is always free.
        while True:
            self._last_id = self._last_id % 65535 + 1
            if self._last_id not in self.in_flight:
                return self._last_id
