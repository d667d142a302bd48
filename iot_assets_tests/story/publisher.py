"""A publisher that counts the broker's answers: what it has been promised is what must be found again.

MQTT 3.1.1 at QoS 1 over one plain socket, packets joined, fast enough to saturate a broker. Belongs here: CONNECT,
PUBLISH, PUBACK. Does not: what is published.
"""

from __future__ import annotations

import functools
import select
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Final, Self

from iot_assets_tests.story.processes import PATIENCE, wait_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

_KEEPALIVE: Final = 0  # none: nobody is to be cut off for a slow machine
_CHUNK: Final = 1000
"""Messages sent at once, at most."""
_PAUSE: Final = 0.005
"""Seconds between what is sent at once where there is a rate: else each answer would be followed by a message."""
_PACKET_IDS: Final = 65535
#: The answers to packet ids 1 to 65535 and from 1 again, so that any run of them can be compared at once.
_ANSWERS: Final = b"".join(struct.pack("!BBH", 0x40, 2, number % _PACKET_IDS + 1) for number in range(2 * _PACKET_IDS))


class Publisher:
    """Publishes messages in their order, from a thread of its own, as far as ``limit`` allows."""

    def __init__(
        self,
        port: int,
        messages: Sequence[tuple[str, bytes]],
        *,
        per_second: float | None = None,
        limit: int | None = None,
        window: int = 2000,
    ) -> None:
        self.limit = len(messages) if limit is None else limit
        """How many of the messages may be sent by now; raise it to go on."""
        self.acknowledged = 0
        """How many the broker has answered for; always the first ones."""
        self._messages, self._window, self._rate = messages, window, per_second
        self._sent = 0
        self.error: BaseException | None = None
        """What ended it before its time."""
        self._stop = threading.Event()
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        name = f"publisher-{id(self)}".encode()
        body = struct.pack("!H4sBBHH", 4, b"MQTT", 4, 2, _KEEPALIVE, len(name)) + name
        self._socket.sendall(b"\x10" + _length(len(body)) + body)
        answer = self._socket.recv(4)
        assert answer == b"\x20\x02\x00\x00", f"the broker refused the publisher: {answer!r}"
        self._thread = threading.Thread(target=self._run, name="publisher")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(PATIENCE)
        self._socket.close()

    @property
    def promised(self) -> Sequence[tuple[str, bytes]]:
        """The messages that the broker has answered for."""
        return self._messages[: self.acknowledged]

    def wait(self, count: int | None = None) -> None:
        """Until so many, or all, are answered for."""
        wanted = len(self._messages) if count is None else count

        def done() -> bool:
            if self.error is not None:
                raise self.error
            return self.acknowledged >= wanted

        wait_for(done, f"{wanted} PUBACKs", pause=0.005)

    def _run(self) -> None:
        try:
            self._publish()
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            self.error = error

    def _publish(self) -> None:
        began = time.monotonic()
        answers = outgoing = b""
        while not self._stop.is_set() and self.acknowledged < len(self._messages):
            if not outgoing:
                if self._rate is not None:
                    time.sleep(_PAUSE)
                outgoing = self._next(time.monotonic() - began)
            readable, writable, _ = select.select([self._socket], [self._socket] if outgoing else [], [], 0.005)
            if writable:
                self._socket.setblocking(False)
                outgoing = outgoing[self._socket.send(outgoing) :]
            if readable:
                received = self._socket.recv(1 << 16)
                assert received, "the broker hung up on the publisher"
                answers = self._heard(answers + received)

    def _heard(self, answers: bytes) -> bytes:
        """Count the broker's answers; what is left is the beginning of one."""
        while count := min(len(answers) // 4, _PACKET_IDS):
            first = self.acknowledged % _PACKET_IDS
            assert answers[: count * 4] == _ANSWERS[first * 4 : (first + count) * 4], "PUBACKs out of order"
            self.acknowledged += count
            answers = answers[count * 4 :]
        return answers

    def _next(self, elapsed: float) -> bytes:
        room = self.acknowledged + self._window - self._sent
        until = min(len(self._messages), self.limit, self._sent + min(room, _CHUNK))
        if self._rate is not None:
            until = min(until, int(elapsed * self._rate) + 1)
        packets: list[bytes] = []
        for number in range(self._sent, until):
            topic, payload = self._messages[number]
            name = topic.encode()
            head = b"\x32" + _length(len(name) + len(payload) + 4) + len(name).to_bytes(2)
            packets += head, name, (number % _PACKET_IDS + 1).to_bytes(2), payload
        self._sent = max(until, self._sent)
        return b"".join(packets)


@functools.lru_cache(maxsize=4096)
def _length(size: int) -> bytes:
    encoded = bytearray()
    while True:
        size, low = divmod(size, 128)
        encoded.append(low | (0x80 if size else 0))
        if not size:
            return bytes(encoded)
