"""The whole path on the machine at hand: a backlog in a broker, landed, decoded, entered into the tables, published.

Belongs here: one way through the real programs, with what each part of it took. Does not: comparing with anything else,
which the scripts in ``benchmarks/`` do.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow.dataset as ds

from iot_assets.bench import broker
from iot_assets.bench.figures import Figures
from iot_assets.bench.minute import Minute, launch, run_well
from iot_assets.bench.script import folder
from iot_assets.decoders.decode import decode
from iot_assets.decoders.decoded import Bounds
from iot_assets.decoders.routes import RouteTable
from iot_assets.demo.mosquitto import find_mosquitto
from iot_assets.errors import BenchmarkError
from iot_assets.lake.paths import DataPaths
from iot_assets.landing.status import read_status
from iot_assets.ops.dagster_home import VARIABLE

#: A minute of an ordinary fleet.
MINUTE: Final = 5_000
_DEVICES: Final = 1_000
_LAND: Final = ("-m", "iot_assets", "land", "--until-idle", "1")


class Landing(NamedTuple):
    """A backlog, landed."""

    per_second: float
    cpu_seconds: float
    peak_mb: float


class Passage(NamedTuple):
    """What one repetition took."""

    landing: Landing
    decoding_seconds: float
    backlog: Minute
    idle: Minute
    minute: Minute


def measure(*, messages: int, repetitions: int, work: Path) -> Figures:
    """Send so many messages the whole way, so often, each time into an empty house.

    Raises:
        BenchmarkError: a part of the platform failed, or lost something.
    """
    figures = Figures(
        "path", messages=messages, metrics=6, devices=_DEVICES, broker=find_mosquitto() or "the demo's own"
    )
    found = []
    for repetition in range(repetitions):
        print(f"repetition {repetition + 1} of {repetitions}", file=sys.stderr)
        with folder(work) as here:
            found.append(_pass(here, messages))
    figures.add(
        "landed: from the broker to Parquet, fsynced and acknowledged",
        "messages/s",
        [one.landing.per_second for one in found],
        cpu_seconds=[one.landing.cpu_seconds / messages for one in found],
        peak_mb=[one.landing.peak_mb for one in found],
    )
    figures.add("decoded, alone", "messages/s", [messages / one.decoding_seconds for one in found])
    figures.add(
        "entered: all steps of a run but publication, its start apart",
        "messages/s",
        [messages / one.backlog.entering_seconds for one in found],
        peak_mb=[one.backlog.process.peak_mb for one in found],
    )
    for name, minutes in (
        ("a minute's whole run, nothing landed", [one.idle for one in found]),
        (f"a minute's whole run of {MINUTE:,} messages", [one.minute for one in found]),
    ):
        figures.add(
            name,
            "s",
            [one.process.seconds for one in minutes],
            cpu_seconds=[one.process.cpu_seconds for one in minutes],
            peak_mb=[one.process.peak_mb for one in minutes],
        )
    figures.add("published, in that run", "s", [one.minute.steps["serving"] for one in found])
    return figures


def _pass(here: Path, messages: int) -> Passage:
    with broker.running(here / "broker", find_mosquitto()) as port:
        house = _House(here, port)
        idle = house.land([])  # makes the session
        landed = house.land(_messages(messages))
        # Of the process's CPU time, what it takes to start is no message's.
        landing = landed._replace(cpu_seconds=landed.cpu_seconds - idle.cpu_seconds)
        decoding_seconds = house.decode()
        backlog, idle_minute = house.minute(), house.minute()
        house.land(_messages(MINUTE))
        return Passage(landing, decoding_seconds, backlog, idle_minute, house.minute())


class _House:
    """A house in a folder of its own, which knows nothing of the user's settings."""

    def __init__(self, here: Path, port: int) -> None:
        self._cwd, self._port, self._paths = here, port, DataPaths(here / "data")
        home = here / "dagster"
        home.mkdir()
        self._environment: dict[str, str | None] = {name: None for name in os.environ if name.startswith("IOT_")}
        self._environment |= {VARIABLE: str(home), "PYTHONWARNINGS": "ignore"}
        self._environment |= {"IOT_DATA_DIR": str(here / "data"), "IOT_MQTT__PORT": str(port)}

    def land(self, messages: list[tuple[str, bytes]]) -> Landing:
        """Put messages into the broker's queue, then let a lander take them."""
        broker.publish(self._port, messages)
        ended = run_well(_LAND, self._cwd, self._environment)
        status = read_status(self._paths, "lander")
        if status is None or status.landed_messages != len(messages):
            raise BenchmarkError(f"of {len(messages)} messages the lander landed {status and status.landed_messages}")
        last = status.last_message_at or status.started_at
        seconds = (last - status.started_at).total_seconds()
        return Landing(len(messages) / seconds if seconds else 0, ended.cpu_seconds, ended.peak_mb)

    def decode(self) -> float:
        """Decode all that has landed, in this process; seconds."""
        landed = ds.dataset(self._paths.lake / "landed", format="parquet").to_table()
        started = time.perf_counter()
        decode(landed, RouteTable(), Bounds())
        return time.perf_counter() - started

    def minute(self) -> Minute:
        """Launch a run of the minute job."""
        return launch(self._cwd, self._environment)


def _messages(count: int) -> list[tuple[str, bytes]]:
    """Telemetry of six metrics, sent over the minute that just ended; about 200 bytes each."""
    ended = time.time()
    made = []
    for n in range(count):
        body = {
            "timestamp": datetime.fromtimestamp(ended - 60 + n * 60 / count, UTC).isoformat(),
            "device_id": f"device_{n % _DEVICES:04}",
            "temperature": round(20 + n % 97 / 10, 2),
            "humidity": 40 + n % 50,
            "pressure": round(1000 + n % 300 / 10, 1),
            "battery_level": 100 - n % 100,
            "rssi": -30 - n % 60,
            "uptime": n,
        }
        made.append((f"telemetry/device_{n % _DEVICES:04}", json.dumps(body).encode()))
    return made
