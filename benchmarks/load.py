"""Everybody at once: dashboards and API clients read while messages come in and runs go on.

    python benchmarks/load.py --minutes 10

2,000 messages a second of 1,000 devices go to a real Mosquitto with QoS 1 and ``iot-assets land`` takes them; each
minute a process of its own does what a minute's run does (bronze, silver, gold, publication). Ten dashboards, two of
each of five pages, refresh every two seconds over the WebSocket of their page, as a browser's would; 24 clients of the
API ask a question a second each. Every answer must be good, the server's memory is sampled every five seconds, and in
the end everything that the broker has acknowledged must be published.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import duckdb  # noqa: E402
import httpx  # noqa: E402
import socketio  # type: ignore[import-untyped]  # noqa: E402

from iot_assets.bench.figures import Figures, percentile  # noqa: E402
from iot_assets.bench.script import folder, parser  # noqa: E402
from iot_assets.lake.paths import DataPaths  # noqa: E402
from iot_assets_tests.brokers import Mosquitto  # noqa: E402
from iot_assets_tests.serving.dashboard.stage import Server  # noqa: E402
from iot_assets_tests.waiting import eventually  # noqa: E402

HERE = ROOT / "benchmarks"
RUNS = """
import sys, time
from pathlib import Path
from iot_assets_tests.house import house_in
house = house_in(Path(sys.argv[1]))
while True:
    began = time.time()
    house.run(); house.publish()
    print("\\nrun", time.time() - began, flush=True)
    time.sleep(max(0, float(sys.argv[2]) - (time.time() - began)))
"""
PAGES = ("", "devices", "device?id=d0042", "fleet", "pipeline")
QUESTIONS = (
    "/latest",
    "/latest?device=d0007",
    "/readings?device=d0042&limit=1000",
    "/readings?device=d0042&live=true&limit=1000",
    "/rollups?metric=temperature&resolution=1min&limit=1000",
    "/readings?device=d0042&points=500",
    "/devices?limit=100",
    "/status",
)
#: How a traceback in the server's log ends.
_FAULT = re.compile(r"^[\w.]+(?:Error|Exception): .*$", re.MULTILINE)
_QUERY = re.compile(r"'client_id': '([0-9a-f-]+)', 'next_message_id': (\d+)")
_DRAWN = re.compile(r'class="spent" data-ms="([0-9.]+)"')


@dataclass
class Seen:
    """What the readers have met."""

    answers: dict[str, list[float]] = field(default_factory=dict)
    refreshes: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    over: bool = False


async def ask(address: str, number: int, seen: Seen) -> None:
    """A client of the API: the questions in turn, one a second."""
    async with httpx.AsyncClient(base_url=address, timeout=30) as client:
        for path in itertools.islice(itertools.cycle(QUESTIONS), number, None):
            if seen.over:
                return
            began = time.perf_counter()
            try:
                answer = await client.get(path)
                if answer.status_code != httpx.codes.OK:
                    seen.wrong.append(f"{path}: {answer.status_code} {answer.text[:200]}")
            except httpx.HTTPError as error:
                seen.wrong.append(f"{path}: {error!r}")
            spent = time.perf_counter() - began
            seen.answers.setdefault(path, []).append(spent * 1000)
            await asyncio.sleep(max(0, 1 - spent))


async def watch(address: str, path: str, seen: Seen) -> None:
    """A dashboard: the page, then its connection, on which the server sends what has changed."""
    every = f"{path}{'&' if '?' in path else '?'}every=2"
    async with httpx.AsyncClient(timeout=60) as client:
        page = await client.get(f"{address}/dashboard/{every}")
    if (found := _QUERY.search(page.text)) is None:
        seen.wrong.append(f"page {path}: {page.status_code} {page.text[:200]}")
        return
    name = found[1]
    socket = socketio.AsyncClient(reconnection=False)
    following = {"id": int(found[2])}

    async def updated(told: dict[str, object]) -> None:
        if isinstance(number := told.pop("_id", None), int):
            following["id"] = number + 1
        seen.refreshes += [float(ms) for ms in _DRAWN.findall(json.dumps(told).replace('\\"', '"'))]

    socket.on("update", updated)
    query = f"client_id={name}&next_message_id={found[2]}&implicit_handshake=true"
    query += f"&document_id={uuid.uuid4()}&tab_id={uuid.uuid4()}&old_tab_id={quote('')}"
    try:
        await socket.connect(
            f"{address}/?{query}", socketio_path="/dashboard/_nicegui_ws/socket.io", transports=["websocket"]
        )
        while not seen.over:
            await asyncio.sleep(1)
            await socket.emit("ack", {"client_id": name, "next_message_id": following["id"]})
    except socketio.exceptions.SocketIOError as error:
        seen.wrong.append(f"page {path}: {error!r}")
    finally:
        await socket.disconnect()


def resident_mb(pid: int) -> float:
    """What a process holds now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def sample(pid: int, seen: Seen) -> None:
    """The server's memory, in MB."""
    while not seen.over:
        seen.memory.append(resident_mb(pid))
        await asyncio.sleep(5)


async def read_along(address: str, pid: int, seconds: float, dashboards: int, clients: int) -> Seen:
    """All readers, for so long."""
    seen = Seen()
    tasks = [asyncio.create_task(sample(pid, seen))]
    tasks += [asyncio.create_task(watch(address, PAGES[n % len(PAGES)], seen)) for n in range(dashboards)]
    tasks += [asyncio.create_task(ask(address, n, seen)) for n in range(clients)]
    await asyncio.sleep(seconds)
    seen.over = True
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, BaseException):
            seen.wrong.append(repr(outcome))
    return seen


@contextlib.contextmanager
def process(*command: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A part, ended afterwards."""
    started = subprocess.Popen(
        [sys.executable, *command],
        env=environment,
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield started
    finally:
        started.terminate()
        started.wait()
        assert started.stdout is not None
        started.stdout.close()


def landed(paths: DataPaths) -> int:
    """How many messages the published copy holds."""
    with duckdb.connect(str(paths.serving), read_only=True) as connection:
        return int(connection.execute("select coalesce(sum(rows), 0) from bronze.files").fetchall()[0][0])


def main() -> None:
    """Measure and report."""
    asked = parser(__doc__, HERE)
    asked.add_argument("--minutes", type=float, default=10)
    asked.add_argument("--rate", type=int, default=2000, help="messages a second")
    asked.add_argument("--dashboards", type=int, default=10)
    asked.add_argument("--clients", type=int, default=24)
    asked.add_argument("--every", type=float, default=60, help="seconds from run to run")
    given = asked.parse_args()
    told = {name: getattr(given, name) for name in ("minutes", "rate", "dashboards", "clients", "every")}
    figures = Figures("load", **told)
    messages = int(given.rate * given.minutes * 60)
    with folder(given.work) as data, contextlib.ExitStack() as leave:
        paths = DataPaths(data)
        broker = Mosquitto(data / "broker")
        broker.start()
        leave.callback(broker.stop)
        environment = os.environ | {
            "IOT_DATA_DIR": str(data),
            "IOT_MQTT__PORT": str(broker.port),
            "PYTHONPATH": str(ROOT),
        }
        runs = leave.enter_context(process("-c", RUNS, str(data), str(given.every), environment=environment))
        leave.enter_context(process("-m", "iot_assets", "land", environment=environment))
        eventually(paths.serving.exists, seconds=120)
        server = Server(data, {"IOT_SERVER__REQUESTS_PER_MINUTE": "1000000"})
        server.start()
        leave.callback(server.stop)
        assert server.process is not None
        load = [str(HERE / "mqtt_load.py"), "--port", str(broker.port), "--messages", str(messages)]
        publisher = leave.enter_context(process(*load, "--per-second", str(given.rate), environment=environment))
        address = f"http://127.0.0.1:{server.port}"
        began = time.monotonic()
        seen = asyncio.run(read_along(address, server.process.pid, given.minutes * 60, given.dashboards, given.clients))
        assert publisher.stdout is not None
        sent = json.loads(publisher.stdout.read())
        figures.add("messages sent", "messages/s", [sent["acknowledged"] / (time.monotonic() - began)])
        eventually(lambda: landed(paths) >= sent["acknowledged"], seconds=300)
        runs.terminate()
        assert runs.stdout is not None
        # DuckDB draws a bar between them when a statement takes long.
        spent = [float(line.split()[1]) for line in runs.stdout.read().splitlines() if line.startswith("run ")]
        faults = _FAULT.findall((data / "serve.log").read_text(encoding="utf-8"))
    report(figures, seen, spent, given.minutes)
    figures.keep(given.into)
    if seen.wrong:
        sys.exit(f"{len(seen.wrong)} answers were wrong: " + "; ".join(seen.wrong[:5] + sorted(set(faults))))


def report(figures: Figures, seen: Seen, runs: list[float], minutes: float) -> None:
    """What was met, as figures."""
    every = [ms for spent in seen.answers.values() for ms in spent]
    figures.add("errors", "errors", [len(seen.wrong)])
    figures.add("answers of the API", "answers/s", [len(every) / minutes / 60])
    figures.add("answers of the API, p95", "ms", [percentile(every, 0.95)])
    for path, spent in seen.answers.items():
        figures.add(f"{path}, p95", "ms", [percentile(spent, 0.95)])
    figures.add("refreshes of dashboards", "refreshes/min", [len(seen.refreshes) / minutes])
    figures.add("server's time for a refresh, p95", "ms", [percentile(seen.refreshes, 0.95)])
    quarter = max(len(seen.memory) // 4, 1)
    for name, part in (("second", seen.memory[quarter : 2 * quarter]), ("last", seen.memory[-quarter:])):
        figures.add(f"server's memory, {name} quarter", "MB", part or seen.memory)
    figures.add("a run", "s", runs)


if __name__ == "__main__":
    main()
