"""How much the lander's HTTP intake takes: requests of one line and of many, from clients that wait for the answer.

    python benchmarks/intake.py --clients 24 --seconds 5

Runs ``iot-assets land`` with HTTP alone. The clients are raw sockets in one process of their own, which builds each
request once: a client library would measure itself. Each answer of 200 comes after an fsync of the spool; at the
end the answered bodies are compared with what lies in the lake. Medians over repetitions; a repetition begins with an
empty folder and half a second of warming up.
"""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pyarrow.dataset as ds

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from iot_assets.bench.figures import Figures  # noqa: E402
from iot_assets.bench.script import ended, folder, parser  # noqa: E402
from iot_assets_tests.brokers import free_port  # noqa: E402

WARM_SECONDS = 0.5


def request_of(lines: int) -> bytes:
    """A request whose body has so many lines."""
    body = b"".join(b"%d Voltage %.2f\n" % (1649941817 + n, 1 + n % 100 / 100) for n in range(lines))
    head = f"POST /data HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def generate(port: int, clients: int, seconds: float, request: bytes) -> dict[str, float]:
    """Send from each client as soon as it has its answer; what came of it. ``total`` includes the warming up."""
    poll = select.epoll()
    sockets = {}
    for _ in range(clients):
        client = socket.create_connection(("127.0.0.1", port))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sockets[client.fileno()] = client
        poll.register(client, select.EPOLLIN)
    sent = dict.fromkeys(sockets, time.perf_counter())
    for client in sockets.values():
        client.sendall(request)
    begin = time.perf_counter() + WARM_SECONDS
    end = begin + seconds
    total = refused = 0
    begun: dict[int, bytes] = {}
    waits: list[float] = []
    while sent:
        for descriptor, _ in poll.poll():
            if not (piece := sockets[descriptor].recv(65536)):
                raise RuntimeError("the lander hung up")
            answer = begun.pop(descriptor, b"") + piece
            if not answer.endswith(b"}"):
                begun[descriptor] = answer
                continue
            now = time.perf_counter()
            good = answer.startswith(b"HTTP/1.1 200 ")
            total += good
            refused += not good
            if begin <= now < end:
                waits.append(now - sent[descriptor])
            if now < end:
                sent[descriptor] = now
                sockets[descriptor].sendall(request)
            else:
                del sent[descriptor]
    waits.sort()
    return {
        "requests/s": len(waits) / seconds,
        "median ms": waits[len(waits) // 2] * 1000,
        "99 % ms": waits[len(waits) * 99 // 100] * 1000,
        "refused": refused,
        "total": total,
    }


@dataclass(frozen=True, slots=True)
class Load:
    """What came of one load: what the clients saw, and what it took the lander."""

    per_second: float
    median_ms: float
    p99_ms: float
    cpu_seconds: float
    peak_mb: float


def once(work: Path, clients: int, seconds: float, lines: int) -> Load:
    """One lander, one load, and the count in the lake."""
    with folder(work) as data:
        port = free_port()
        environment = {
            **os.environ,
            "IOT_DATA_DIR": str(data),
            "IOT_MQTT__ENABLED": "false",
            "IOT_HTTP__PORT": str(port),
        }
        started = time.perf_counter()
        lander = subprocess.Popen([sys.executable, "-m", "iot_assets", "land"], env=environment, cwd=data, stderr=-3)
        try:
            wait_for(port)
            cpu = -cpu_seconds(lander.pid)
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                found = pool.apply(generate, (port, clients, seconds, request_of(lines)))
            cpu += cpu_seconds(lander.pid)
        finally:
            lander.send_signal(signal.SIGTERM)
            used = ended(lander, started)
        landed = ds.dataset(data / "lake" / "landed", format="parquet").count_rows()
    if found["refused"] or landed != found["total"]:
        sys.exit(f"{found['total']} bodies were answered 200, {found['refused']} refused, and {landed} lie in the lake")
    each = cpu / found["total"]
    return Load(found["requests/s"], found["median ms"], found["99 % ms"], each, used.peak_mb)


def cpu_seconds(pid: int) -> float:
    """What a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_for(port: int) -> None:
    """Until the intake takes bodies."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    sys.exit("the lander does not come up")


def main() -> None:
    """Measure and report."""
    asked = parser(__doc__, HERE)
    asked.add_argument("--clients", type=int, default=24)
    asked.add_argument("--seconds", type=float, default=5)
    asked.add_argument("--lines", type=int, nargs="+", default=[1, 1000])
    given = asked.parse_args()
    figures = Figures("intake", clients=given.clients, seconds=given.seconds)
    for lines in given.lines:
        found = [once(given.work, given.clients, given.seconds, lines) for _ in range(given.repetitions)]
        name = f"requests of {lines:,} line{'s' * (lines > 1)}"
        figures.add(
            name,
            "requests/s",
            [one.per_second for one in found],
            cpu_seconds=[one.cpu_seconds for one in found],
            peak_mb=[one.peak_mb for one in found],
        )
        figures.add(f"{name}, latency, median", "ms", [one.median_ms for one in found])
        figures.add(f"{name}, latency, p99", "ms", [one.p99_ms for one in found])
    figures.keep(given.into)


if __name__ == "__main__":
    main()
