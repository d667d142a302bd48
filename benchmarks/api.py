"""How fast the REST API answers: one client, and 24 at once, over kept connections.

    python benchmarks/api.py

A warehouse with the newest values of 10,000 devices, two million readings of a day and 30 days of hours of 1,000
devices is made and published, and ``iot-assets serve`` answers from it. Each answer is read whole; no ETag is sent, so
each is made anew. Median and percentile of a round of requests; of rounds, the median (one round of the 24).
"""

from __future__ import annotations

import http.client
import os
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

from iot_assets.bench.figures import Figures, percentile  # noqa: E402
from iot_assets.bench.script import folder, parser  # noqa: E402
from iot_assets.lake.paths import DataPaths  # noqa: E402
from iot_assets.warehouse.connection import Warehouse  # noqa: E402
from iot_assets.warehouse.publish import publish  # noqa: E402
from iot_assets_tests.brokers import free_port  # noqa: E402

DAY = "2026-11-01"
FILL = f"""
insert into silver.readings
    (device_id, metric, event_at, value, unit, flags, event_at_source, received_at, message_id, position, batch_id,
    from_registry)
select
    'device_' || lpad((n % 100)::varchar, 5, '0'), 'temperature',
    timestamptz '{DAY} 00:00:00+00' + to_microseconds(n * 43200), 20 + n % 7, 'Cel', [], 'payload',
    now(), (printf('%08x-0000-8000-8000-%012x', 1, n))::uuid, 0, 1, []
from range(2000000) t(n);

insert into gold.latest by name
select
    'device_' || lpad(n::varchar, 5, '0') as device_id, 'temperature' as metric,
    timestamptz '{DAY} 23:59:00+00' as event_at,
    20.5 as value, 'Cel' as unit, []::varchar[] as flags, event_at as received_at,
    (printf('%08x-0000-8000-8000-%012x', 1, n))::uuid as message_id
from range(10000) t(n);

insert into gold.readings_1h by name
select
    'device_' || lpad((n % 1000)::varchar, 5, '0') as device_id, 'temperature' as metric,
    timestamptz '{DAY} 00:00:00+00' + to_hours(n // 1000) as bucket_at, 60 as n, 60 as n_valid, 0 as n_excluded,
    1200 as "sum", 24000 as sum_squares, 20 as mean, 19 as "min", 21 as "max", 20 as "first", bucket_at as first_at,
    uuid() as first_message_id, 20 as "last", bucket_at as last_at, uuid() as last_message_id
from range(720000) t(n);
insert into ops.applied values ('bronze', 1, 'bench', 0, now());
"""
QUESTIONS = {
    "20,000 readings of one device, JSON": "/readings?device=device_00007&limit=20000",
    "the same, Arrow": "/readings?device=device_00007&limit=20000&format=arrow",
    "newest values of 10,000 devices, JSON": "/latest?limit=10000",
    "newest values of one device": "/latest?device=device_00007",
    "30 days of hours of one device": "/rollups?device=device_00007&limit=1000",
    "status": "/status",
}


def ask(port: int, path: str, count: int) -> list[float]:
    """Milliseconds of each request."""
    client = http.client.HTTPConnection("127.0.0.1", port)
    spent = []
    for _ in range(count):
        started = time.perf_counter()
        client.request("GET", path)
        answer = client.getresponse()
        body = answer.read()
        spent.append((time.perf_counter() - started) * 1000)
        if answer.status != 200:
            sys.exit(f"{path}: {answer.status} {body[:300]!r}")
    client.close()
    return spent


def at_once(port: int, path: str, clients: int, count: int) -> list[float]:
    """The same from several clients."""
    spent: list[float] = []
    threads = [threading.Thread(target=lambda: spent.extend(ask(port, path, count))) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return spent


@contextmanager
def server(data: Path) -> Iterator[int]:
    """``iot-assets serve`` on a made-up house; its port."""
    paths = DataPaths(data)
    with Warehouse(paths.warehouse).connect() as connection:
        connection.execute(FILL)
        publish(connection, paths.serving, whole_rows=5_000_000, recent_days=1)
    port = free_port()
    environment = os.environ | {"IOT_DATA_DIR": str(data), "IOT_SERVER__REQUESTS_PER_MINUTE": "1000000"}
    command = [sys.executable, "-m", "iot_assets", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/openapi.json", timeout=5).close()
                break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Measure and report."""
    asked = parser(__doc__, HERE)
    asked.add_argument("--requests", type=int, default=100)
    asked.add_argument("--clients", type=int, default=24)
    given = asked.parse_args()
    figures = Figures("api", requests=given.requests, clients=given.clients)
    with folder(given.work) as data, server(data) as port:
        for name, path in QUESTIONS.items():
            ask(port, path, 5)
            rounds = [ask(port, path, given.requests) for _ in range(given.repetitions)]
            many = [at_once(port, path, given.clients, 20)]
            for who, found, share in (("", rounds, 0.99), (f", {given.clients} clients", many, 0.95)):
                figures.add(f"{name}{who}", "ms", [statistics.median(one) for one in found])
                figures.add(f"{name}{who}, p{share:.0%}".rstrip("%"), "ms", [percentile(one, share) for one in found])
    figures.keep(given.into)


if __name__ == "__main__":
    main()
