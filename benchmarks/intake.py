"""How much the lander's HTTP intake takes: requests of one line and of many, from clients that wait for the answer.

    python benchmarks/intake.py --clients 24 --seconds 5

Runs ``iot-assets land`` with HTTP alone. The clients are raw sockets in one process of their own, which builds each
request once: a client library would measure itself. Each answer of 200 comes after an fsync of the spool; at the
end the answered bodies are compared with what lies in the lake. Medians over repetitions; a repetition begins with an
empty folder and half a second of warming up.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import select
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.dataset as ds

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

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


def once(clients: int, seconds: float, lines: int) -> dict[str, float]:
    """One lander, one load, and the count in the lake."""
    with tempfile.TemporaryDirectory(dir=ROOT / "benchmarks" / "work") as folder:
        port = free_port()
        environment = {
            **os.environ,
            "IOT_DATA_DIR": folder,
            "IOT_MQTT__ENABLED": "false",
            "IOT_HTTP__PORT": str(port),
        }
        lander = subprocess.Popen([sys.executable, "-m", "iot_assets", "land"], env=environment, cwd=folder, stderr=-3)
        try:
            wait_for(port)
            cpu = -cpu_seconds(lander.pid)
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                found = pool.apply(generate, (port, clients, seconds, request_of(lines)))
            cpu += cpu_seconds(lander.pid)
        finally:
            lander.send_signal(signal.SIGTERM)
            _, code, usage = os.wait4(lander.pid, 0)
            lander.returncode = os.waitstatus_to_exitcode(code)
        landed = ds.dataset(Path(folder) / "lake" / "landed", format="parquet").count_rows()
    if landed != found["total"]:
        sys.exit(f"{found['total']} bodies were answered 200, and {landed} lie in the lake")
    found["lines/s"] = found["requests/s"] * lines
    found["CPU µs/request"] = cpu * 1e6 / found["total"]
    found["peak MB"] = usage.ru_maxrss / 1024
    del found["total"]
    return found


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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--lines", type=int, nargs="+", default=[1, 1000])
    parser.add_argument("--repetitions", type=int, default=5)
    arguments = parser.parse_args()
    (ROOT / "benchmarks" / "work").mkdir(exist_ok=True)
    results = {}
    for lines in arguments.lines:
        runs = [once(arguments.clients, arguments.seconds, lines) for _ in range(arguments.repetitions)]
        name = f"{arguments.clients} clients, {lines:,} {'line' if lines == 1 else 'lines'} a request"
        results[name] = {key: round(statistics.median(run[key] for run in runs), 1) for key in runs[0]}
        print(name, results[name])
    target = ROOT / "benchmarks" / "results" / f"intake-{datetime.now(UTC):%Y-%m-%d}.json"
    target.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
