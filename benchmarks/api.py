"""How fast the REST API answers: one client, and 24 at once, over kept connections.

    python benchmarks/api.py

A warehouse with the newest values of 10,000 devices, two million readings of a day and 30 days of hours of 1,000
devices is made and published, and ``iot-assets serve`` answers from it. Each answer is read whole; no ETag is sent, so
each is made anew. Percentiles of all requests of a question, the median of five rounds.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

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


def percentile(spent: list[float], share: float) -> float:
    return sorted(spent)[min(int(len(spent) * share), len(spent) - 1)]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--clients", type=int, default=24)
    arguments = parser.parse_args()
    (ROOT / "benchmarks" / "work").mkdir(exist_ok=True)
    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(dir=ROOT / "benchmarks" / "work") as folder:
        paths = DataPaths(Path(folder))
        with Warehouse(paths.warehouse).connect() as connection:
            connection.execute(FILL)
            publish(connection, paths.serving, whole_rows=5_000_000, recent_days=1)
        port = free_port()
        environment = os.environ | {"IOT_DATA_DIR": folder, "IOT_SERVER__REQUESTS_PER_MINUTE": "1000000"}
        command = [sys.executable, "-m", "iot_assets", "serve", "--port", str(port)]
        server = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL)
        try:
            for _ in range(300):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/openapi.json", timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.1)
            for name, path in QUESTIONS.items():
                ask(port, path, 5)
                rounds = [ask(port, path, arguments.requests) for _ in range(5)]
                many = at_once(port, path, arguments.clients, 20)
                results[name] = {
                    "median ms": round(statistics.median(statistics.median(r) for r in rounds), 1),
                    "p99 ms": round(statistics.median(percentile(r, 0.99) for r in rounds), 1),
                    f"{arguments.clients} clients, median ms": round(statistics.median(many), 1),
                    f"{arguments.clients} clients, p95 ms": round(percentile(many, 0.95), 1),
                }
                print(name, results[name])
        finally:
            server.terminate()
            _, _, usage = os.wait4(server.pid, 0)
        results["server"] = {"peak MB": round(usage.ru_maxrss / 1024)}
    target = ROOT / "benchmarks" / "results" / f"api-{datetime.now(UTC):%Y-%m-%d}.json"
    target.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
