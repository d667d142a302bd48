"""How long a message waits until the lander has made it durable and acknowledged it, at several rates.

    python benchmarks/lander_latency.py --seconds 30

A proxy stands between Mosquitto and ``iot-assets land`` and reads along: each payload carries the time at which it was
published, and a PUBACK of the lander, seen by the proxy, ends its wait. So a wait has publisher, broker, fsync and both
ways through the proxy in it.
"""

from __future__ import annotations

import re
import signal
import socket
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from lander import BROKER  # noqa: E402
from mqtt_load import Readings  # noqa: E402

from iot_assets.bench.figures import Figures, percentile  # noqa: E402
from iot_assets.bench.script import folder, parser  # noqa: E402
from iot_assets.lake.paths import DataPaths  # noqa: E402
from iot_assets.landing import publishes  # noqa: E402
from iot_assets.landing.status import read_status  # noqa: E402
from iot_assets_tests.brokers import Mosquitto  # noqa: E402
from iot_assets_tests.landing.harness import Process, settings_for, wait_for  # noqa: E402
from iot_assets_tests.story.publisher import Publisher  # noqa: E402

_STAMP = re.compile(rb'"timestamp":([\d.]+)')


class Listening:
    """A proxy for one connection after the other, MQTT 3.1.1; ``waits`` are the seconds from publishing to PUBACK."""

    def __init__(self, broker_port: int) -> None:
        self._broker_port = broker_port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self.waits: list[float] = []
        self._unanswered: deque[float] = deque()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                lander, _ = self._server.accept()
                broker = socket.create_connection(("127.0.0.1", self._broker_port))
                for end in (lander, broker):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._unanswered.clear()
                threading.Thread(target=self._pump, args=(broker, lander, self._published), daemon=True).start()
                self._pump(lander, broker, self._answered)

    def _pump(self, source: socket.socket, sink: socket.socket, read: object) -> None:
        left = b""
        with source, suppress(OSError):
            while data := source.recv(1 << 18):
                left = read(left + data)  # type: ignore[operator]
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    def _published(self, data: bytes) -> bytes:
        """Note the times of the messages in what the broker sends; what is left is the beginning of a packet."""
        at = 0
        while True:
            found = publishes.read(data, at, 1 << 20, version_5=False)
            for begin, end in zip(found.marks[3::5], found.marks[4::5], strict=True):
                stamp = _STAMP.search(data, begin, end)
                assert stamp is not None
                self._unanswered.append(float(stamp[1]))
            at = found.end
            if (end := publishes.packet_end(data, at)) is None or end > len(data):
                return data[at:]
            at = end

    def _answered(self, data: bytes) -> bytes:
        """End the waits of the messages that the lander answers for: PUBACKs come in the order of arrival."""
        now, at = time.time(), 0
        while (end := publishes.packet_end(data, at)) is not None and end <= len(data):
            if data[at] == 0x40:
                self.waits.append(now - self._unanswered.popleft())
            at = end
        return data[at:]


def once(work: Path, per_second: int, seconds: float) -> list[float]:
    """The waits of all messages at one rate."""
    with folder(work) as here:
        broker = Mosquitto(here / "broker", BROKER, log="error")
        broker.start()
        proxy = Listening(broker.port)
        settings = settings_for(
            here / "data",
            proxy.port,
            mqtt={"protocol": "3.1.1", "topics": "telemetry/#", "watch_drops": False},
            lander={"seal_seconds": 5},
        )
        lander = Process(settings)
        try:
            lander.connected()
            messages = Readings(max(int(per_second * seconds), 1), metrics=6)
            with Publisher(broker.port, messages, per_second=per_second) as publisher:
                publisher.wait()
            wait_for(lambda: len(proxy.waits) >= len(messages), "acknowledgements")
        finally:
            lander.end(signal.SIGTERM)
            proxy.close()
            broker.stop()
        status = read_status(DataPaths(here / "data"), "lander")
    if status is None or status.landed_messages != len(messages):
        sys.exit(f"of {len(messages)} messages {status and status.landed_messages} landed")
    return proxy.waits


def main() -> None:
    """Measure and report."""
    asked = parser(__doc__, HERE)
    asked.add_argument("--seconds", type=float, default=30)
    asked.add_argument("--rates", type=int, nargs="+", default=[5, 500, 5000])
    given = asked.parse_args()
    figures = Figures("lander_latency", seconds=given.seconds)
    for rate in given.rates:
        found = [once(given.work, rate, given.seconds) for _ in range(given.repetitions)]
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            waits = [percentile(waits, share) * 1000 for waits in found]
            figures.add(f"{rate:,} messages/s: published to fsynced and acknowledged, {name}", "ms", waits)
    figures.keep(given.into)


if __name__ == "__main__":
    main()
