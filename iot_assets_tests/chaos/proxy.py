"""A proxy before a real broker that reads every packet: it knows what our lander has acknowledged, and makes trouble.

Belongs here: passing packets on, remembering PUBACKs, cutting, stalling, slowing. Does not: judging.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONNECT: Final = 1
_PUBLISH: Final = 3
_PUBACK: Final = 4


@dataclass(eq=False)
class _Link:
    """One connection of a client, and the one to the broker that stands for it."""

    client: socket.socket
    broker: socket.socket
    version: int = 4
    delivered: dict[int, bytes] = field(default_factory=dict)
    """Packet id → the payload that the broker sent under it last."""

    def reset(self) -> None:
        for sock in (self.client, self.broker):
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


class Proxy:
    """Listens on ``port`` from construction until ``close``."""

    def __init__(self, broker_port: int) -> None:
        self.acknowledged: set[bytes] = set()
        """Payloads that a client has sent a PUBACK for."""
        self.pubacks = 0
        self.delay = 0.0
        """Seconds that each packet waits."""
        self._broker_port = broker_port
        self._links: list[_Link] = []
        self._passing = threading.Event()
        self._passing.set()
        self._cut_in_the_middle = False
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def reset(self) -> None:
        """End every connection at once."""
        for link in self._links:
            link.reset()

    def cut(self) -> None:
        """End a connection in the middle of its next packet, whichever way that goes."""
        self._cut_in_the_middle = True

    @contextlib.contextmanager
    def stalled(self) -> Iterator[None]:
        """Nothing passes, and nobody is told: half-open connections. In the end they are reset."""
        self._passing.clear()
        try:
            yield
        finally:
            self.reset()
            self._passing.set()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._passing.set()
        self.reset()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                try:
                    broker = socket.create_connection(("127.0.0.1", self._broker_port), timeout=5)
                except OSError:
                    client.close()
                    continue
                broker.settimeout(None)
                for sock in (client, broker):
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                link = _Link(client, broker)
                self._links.append(link)
                for upwards in (True, False):
                    threading.Thread(target=self._pump, args=(link,), kwargs={"upwards": upwards}, daemon=True).start()

    def _pump(self, link: _Link, *, upwards: bool) -> None:
        source, sink = (link.client, link.broker) if upwards else (link.broker, link.client)
        waiting = b""
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                waiting += data
                while (packet := _whole(waiting)) is not None:
                    waiting = waiting[len(packet) :]
                    (self._sent if upwards else self._received)(link, packet)
                    self._passing.wait()
                    if self.delay:
                        time.sleep(self.delay)
                    if self._cut_in_the_middle and len(packet) > 2:
                        self._cut_in_the_middle = False
                        sink.sendall(packet[: len(packet) // 2])
                        link.reset()
                        return
                    sink.sendall(packet)
        for sock in (source, sink):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        if link in self._links and not upwards:
            self._links.remove(link)
            for sock in (source, sink):
                sock.close()

    def _sent(self, link: _Link, packet: bytes) -> None:
        body = packet[_head(packet) :]
        if packet[0] >> 4 == _CONNECT:
            link.version = body[6]
        elif packet[0] >> 4 == _PUBACK:
            self.pubacks += 1
            # A refusal is no promise; the lander sends none.
            if len(body) == 2 or body[2] < 0x80:
                self.acknowledged.add(link.delivered[int.from_bytes(body[:2])])

    def _received(self, link: _Link, packet: bytes) -> None:
        if packet[0] >> 4 != _PUBLISH or not packet[0] & 0b0110:
            return
        body = packet[_head(packet) :]
        at = 2 + int.from_bytes(body[:2])
        packet_id = int.from_bytes(body[at : at + 2])
        at += 2
        if link.version == 5:
            length, used = _variable(body[at:])
            at += used + length
        link.delivered[packet_id] = body[at:]


def _whole(data: bytes) -> bytes | None:
    """The first packet, if all of it is there."""
    if len(data) < 2 or (all(byte & 0x80 for byte in data[1:5]) and len(data) < 5):
        return None
    length, used = _variable(data[1:])
    size = 1 + used + length
    return data[:size] if len(data) >= size else None


def _head(packet: bytes) -> int:
    return 1 + _variable(packet[1:])[1]


def _variable(data: bytes) -> tuple[int, int]:
    """A length in seven bits a byte, and how many bytes it took."""
    value = 0
    for place, byte in enumerate(data[:4]):
        value |= (byte & 0x7F) << (7 * place)
        if not byte & 0x80:
            return value, place + 1
    return value, 4
