"""A broker for a benchmark, and a backlog in it.

Belongs here: starting it, and publishing as fast as it answers. Does not: what is published.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from iot_assets.demo.mosquitto import prepare_mosquitto
from iot_assets.demo.packets import Connect, Publish, encode
from iot_assets.errors import BenchmarkError

_HOST: Final = "127.0.0.1"
_PATIENCE_SECONDS: Final = 30
#: So many messages are on their way at once; their answers fit into the socket's buffer while they are sent.
_WINDOW: Final = 1_000
_ACK_BYTES: Final = 4


@contextlib.contextmanager
def running(folder: Path, mosquitto: str | None) -> Iterator[int]:
    """A broker on a free port of this machine, until the end; the port.

    Args:
        folder: where it keeps what it keeps.
        mosquitto: the program; where there is none, the demo's own broker stands in, which is slow.
    """
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port = int(probe.getsockname()[1])
    own = [sys.executable, "-m", "iot_assets.demo.broker_process", "--port", str(port)]
    command = prepare_mosquitto(mosquitto, folder, port) if mosquitto else own
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _connect(port).close()
        yield port
    finally:
        process.terminate()
        process.wait(_PATIENCE_SECONDS)


def publish(port: int, messages: Sequence[tuple[str, bytes]]) -> None:
    """Publish with QoS 1; the broker has answered for all of them."""
    with _connect(port) as connection:
        connection.sendall(encode(Connect("iot-assets-bench-publisher", keepalive=0)))
        _receive(connection, _ACK_BYTES)
        for first in range(0, len(messages), _WINDOW):
            sent = messages[first : first + _WINDOW]
            packets = [Publish(*one, qos=1, packet_id=number) for number, one in enumerate(sent, start=1)]
            connection.sendall(b"".join(map(encode, packets)))
            _receive(connection, _ACK_BYTES * len(sent))


def _connect(port: int) -> socket.socket:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return socket.create_connection((_HOST, port), timeout=_PATIENCE_SECONDS)
        except OSError as error:
            if time.monotonic() > deadline:
                raise BenchmarkError("the broker does not come up") from error
            time.sleep(0.02)


def _receive(connection: socket.socket, count: int) -> None:
    while count:
        if not (received := connection.recv(count)):
            raise BenchmarkError("the broker hung up on the publisher")
        count -= len(received)
