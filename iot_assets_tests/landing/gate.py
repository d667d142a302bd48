"""A gate before a real broker: bytes pass through unless the test says otherwise.

Belongs here: refusing MQTT 5, hanging up, cutting, holding back what the client sends. Does not: answering as a broker.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from typing import Final, Literal

_REFUSAL_OF_5: Final = b"\x20\x02\x00\x01"  # how a broker that knows no MQTT 5 answers: CONNACK of 3.1.1, code 1


class Gate:
    """Listens on ``port`` from construction until ``close``."""

    def __init__(self, broker_port: int, *, on_5: Literal["pass", "refuse", "hang up"] = "pass") -> None:
        self.on_5, self._broker_port = on_5, broker_port
        self.levels: list[int] = []
        """Protocol level of each CONNECT that came, in order: 4 is 3.1.1."""
        self.hang_up_on: bytes | None = None
        """Hang up as soon as the client sends this."""
        self.deny = False
        """Make of the broker's answer to a subscription of two filters a refusal of the second (MQTT 5)."""
        self.slow = 0.0
        """Seconds that pass before what the client has sent is looked at."""
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def cut(self) -> None:
        """Reset every connection, on both sides."""
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.cut()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                self._start(self._serve, client)

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            first = client.recv(65536)
            # Fixed header of two bytes, then the name "MQTT" with its length, then the protocol level.
            level = first[first.index(b"\x00\x04MQTT") + 6] if b"\x00\x04MQTT" in first else 0
            self.levels.append(level)
            if level == 5 and self.on_5 != "pass":
                if self.on_5 == "refuse":
                    client.sendall(_REFUSAL_OF_5)
                return
            with socket.create_connection(("127.0.0.1", self._broker_port)) as broker:
                self._open += [client, broker]
                broker.sendall(first)
                self._start(self._pump, broker, client)
                self._pump(client, broker, watch=True)

    def _next(self, source: socket.socket, *, wait: float) -> bytes:
        time.sleep(wait)
        return source.recv(65536)

    def _pump(self, source: socket.socket, sink: socket.socket, *, watch: bool = False) -> None:
        with contextlib.suppress(OSError):
            while data := self._next(source, wait=self.slow if watch else 0.0):
                if watch and self.hang_up_on is not None and self.hang_up_on in data:
                    break
                if self.deny and data[:2] == b"\x90\x05":  # SUBACK: length, packet id, no properties, two codes
                    data = data[:6] + b"\x87" + data[7:]
                sink.sendall(data)
        for sock in (source, sink):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
