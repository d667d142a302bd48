"""How good the rules are: a month of 1,000 devices with faults of known kinds, and what the platform finds of them.

    python benchmarks/faults.py                            # 1,000 devices, 30 days
    python benchmarks/faults.py --devices 200 --days 10    # in a minute

Makes the month (``simulated_month``) and breaks it (``fault_injector``), lands it a file an hour, and runs the real
chain on each four of them: bronze, silver, gold, and as of then the status of devices and the quality of hours.
``--keep`` leaves the data folder, with the ledger of faults, in ``work/``; ``--rejudge`` judges it by other rules.

Rules are the built-in ones and those that the owner of such a fleet would declare (``simulated_month.toml``), or with
``--built-in`` the first alone.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import sys
import time
import tomllib
import zlib
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from fault_injector import Fault, Injector
from fault_scores import runs_of, score
from simulated_month import DAY, HOUR, START, START_MS, TWICE, Device, Message, fleet

from iot_assets.assets.silver import settle_pending
from iot_assets.lake.landed import FOOTER_ROWS, LANDED_SCHEMA, REGISTRY_SOURCE, WRITING
from iot_assets.lake.message_id import MessageIds
from iot_assets.lake.paths import DataPaths
from iot_assets.sections.rules import in_force
from iot_assets.settings import Settings
from iot_assets.warehouse import bronze, device_status, gold, quality
from iot_assets.warehouse.connection import Warehouse, transaction
from iot_assets.warehouse.rules import backlog

HERE = Path(__file__).parent
#: The chain runs so often: each minute, as it does in service, would take a day.
STEP_HOURS = 4
RUN = "faults"
UNITS = {"temperature": "Cel", "humidity": "%", "pressure": "hPa", "co2": "ppm", "voltage": "V", "current": "A",
         "power": "W", "energy": "kWh", "volume": "m3", "battery": "%"}  # fmt: skip

#: A message as landed: when it came (ms from the start), topic, payload, sent again by MQTT itself, from a file.
Row = tuple[int, str, bytes, bool, str]


class Landing:
    """Writes landed files as the lander does, one an hour."""

    def __init__(self, paths: DataPaths) -> None:
        self._paths, self._segment, self._sequence = paths, 0, 0
        self._ids = MessageIds("simulated", START_MS)

    def land(self, rows: list[Row]) -> None:
        count = len(rows)
        received = pa.array([1000 * (START_MS + row[0]) for row in rows], pa.int64())
        table = pa.table(
            [
                self._ids.column(self._sequence, count),
                [row[4] for row in rows],
                [row[1] for row in rows],
                [row[2] for row in rows],
                pa.nulls(count, pa.string()),
                pa.nulls(count, pa.string()),
                pa.array([1] * count, pa.int8()),
                [False] * count,
                [row[3] for row in rows],
                # A message that MQTT sends twice has its number twice.
                pa.array([zlib.crc32(row[2]) % 65_535 + 1 for row in rows], pa.int32()),
                pa.array([1] * count, pa.int32()),
                received.cast(pa.timestamp("us", tz="UTC")),
            ],
            schema=LANDED_SCHEMA.with_metadata({FOOTER_ROWS: str(count).encode()}),
        )
        at = START + timedelta(milliseconds=rows[0][0])
        path = self._paths.landed_file("simulated", START_MS, self._segment, at)
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path, **WRITING)
        self._segment, self._sequence = self._segment + 1, self._sequence + count


def registry(devices: list[Device], absent: list[str]) -> bytes:
    """All devices with their sites; half of them with interval and units."""
    listed = []
    for device in devices:
        entry: dict[str, object] = {"id": device.name, "kind": device.kind.name, "site": device.site}
        if device.declared:
            entry["expected_interval_s"] = device.kind.interval_s
            entry["metrics"] = {m: {"unit": UNITS[m]} for m in device.metrics if m in UNITS}
        listed.append(entry)
    return json.dumps({"devices": [*listed, *({"id": name, "site": "site-00"} for name in absent)]}).encode()


def hours_of(devices: list[Device], injector: Injector, day: int, chance: random.Random) -> list[list[Row]]:
    """A day's messages as they arrive, by hour."""
    arrived: list[list[Row]] = [[] for _ in range(24)]

    def take(device: Device, message: Message) -> None:
        hour = min(max((message.received_ms - day * DAY) // HOUR, 0), 23)
        row = (message.received_ms, f"devices/{device.name}/up", device.payload(message), False, "mqtt:simulated")
        arrived[hour].append(row)
        if chance.random() * TWICE < 1:
            arrived[hour].append((row[0] + 200, *row[1:3], True, row[4]))
            injector.redelivered(device, message, row[0] + 200)

    for number, device in enumerate(devices):
        for message in injector.day(number, device.day(day * DAY), day):
            take(device, message)
    for rows in arrived:
        rows.sort(key=lambda row: row[0])
    return arrived


def run(settings: Settings, devices: list[Device], injector: Injector, days: int, seed: int) -> dict[str, float]:
    """The month, hour by hour; CPU seconds by step: the machine may have other things to do."""
    paths = DataPaths(settings.data_dir)
    landing, chance = Landing(paths), random.Random(f"{seed} delivery")
    rules = in_force(settings.rules)
    spent: dict[str, float] = dict.fromkeys(("simulate", "land", "bronze", "silver", "gold", "status", "quality"), 0.0)
    mark = time.process_time()

    def lap(step: str) -> None:
        nonlocal mark
        now = time.process_time()
        spent[step] += now - mark
        mark = now

    landing.land([(0, "registry.json", registry(devices, injector.absent), False, REGISTRY_SOURCE)])
    with Warehouse(paths.warehouse, threads=1).connect() as connection:
        for day in range(days):
            hours = hours_of(devices, injector, day, chance)
            lap("simulate")
            for hour, rows in enumerate(hours):
                if rows:
                    landing.land(rows)
                lap("land")
                if (hour + 1) % STEP_HOURS:
                    continue
                list(bronze.enter(connection, paths, run_id=RUN, most_messages=settings.warehouse.batch_messages))
                lap("bronze")
                settle_pending(connection, settings, RUN)
                lap("silver")
                gold.heal(connection, run_id=RUN, judged_by=rules)
                lap("gold")
                now = START + timedelta(milliseconds=day * DAY + (hour + 1) * HOUR)
                device_status.update(connection, settings.status, now, run_id=RUN)
                lap("status")
                quality.update(connection, settings.quality, now, run_id=RUN)
                lap("quality")
            told = ", ".join(f"{step} {seconds:.0f}" for step, seconds in spent.items())
            print(f"day {day + 1} of {days}: {sum(spent.values()):.0f} s ({told})", file=sys.stderr)
    return spent


def rejudge(settings: Settings) -> dict[str, float]:
    """Judge all that is in the warehouse by the rules of these settings: hits do not depend on when one judges."""
    started = time.process_time()
    with Warehouse(DataPaths(settings.data_dir).warehouse, threads=1).connect() as connection:
        with transaction(connection):
            backlog.list_all(connection)
        while backlog.left(connection):
            gold.heal(connection, run_id=RUN, judged_by=in_force(settings.rules))
    return {"gold": time.process_time() - started}


def scored(settings: Settings, devices: list[Device], ledger: list[Fault], days: int) -> dict[str, Any]:
    """What the ledger says of what is in the warehouse."""
    with Warehouse(DataPaths(settings.data_dir).warehouse).connect() as connection:
        runs = runs_of(connection, devices)
    return score(runs, ledger, devices, days)


def table(kinds: dict[str, dict[str, Any]]) -> str:
    """The figures as they stand in the docs."""
    lines = ["| fault | found by | events | recall | runs | precision |", "|---|---|--:|--:|--:|--:|"]
    for kind, f in kinds.items():
        figures = ("-" if f[name] is None else f"{f[name]:.3f}" for name in ("recall", "precision"))
        recall, precision = figures
        lines.append(f"| {kind} | {f['found by']} | {f['events']} | {recall} | {f['runs']} | {precision} |")
    return "\n".join(lines)


def main() -> None:
    """Run, score and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--events", type=int, default=80, help="faults of each kind")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--built-in", action="store_true", help="only with the rules that everybody has")
    parser.add_argument(
        "--least-size", type=float, default=1.0, help="spikes and steps from this part of their size up"
    )
    parser.add_argument("--rejudge", action="store_true", help="judge the month that is kept by other rules")
    parser.add_argument("--keep", action="store_true", help="leave the data folder in work/")
    arguments = parser.parse_args()
    name = f"{arguments.devices:,} devices, {arguments.days} days, seed {arguments.seed}"
    data = HERE / "work" / f"faults_{arguments.devices}_{arguments.days}_{arguments.events}_{arguments.seed}"
    rules = () if arguments.built_in else tomllib.loads((HERE / "simulated_month.toml").read_text())["rules"]
    settings = Settings(data_dir=data, rules=rules)
    devices = fleet(arguments.devices, arguments.days, arguments.seed)
    if arguments.rejudge:
        spent, ledger = rejudge(settings), [Fault(**row) for row in json.loads((data / "ledger.json").read_text())]
    else:
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(parents=True)
        injector = Injector(devices, arguments.days, arguments.events, arguments.seed, least_size=arguments.least_size)
        spent, ledger = run(settings, devices, injector, arguments.days, arguments.seed), injector.ledger
        (data / "ledger.json").write_text(json.dumps([asdict(fault) for fault in ledger]))
    results = scored(settings, devices, ledger, arguments.days)
    results["CPU seconds"] = {step: round(seconds) for step, seconds in spent.items()}
    results["peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    which = "built-in rules" if arguments.built_in else "built-in and declared rules"
    which += "" if arguments.least_size == 1 else f", spikes and steps from {arguments.least_size:g} of their size"
    (HERE / "results").mkdir(exist_ok=True)
    variant = ("-built-in" if arguments.built_in else "") + ("" if arguments.least_size == 1 else "-sizes")
    file = HERE / "results" / f"faults{variant}-{datetime.now(UTC):%Y-%m-%d}.json"
    file.write_text(json.dumps({f"{name}, {which}": results}, indent=1) + "\n")
    print(table(results["kinds"]))
    print(json.dumps({key: value for key, value in results.items() if key != "kinds"}, indent=1))
    if not arguments.keep:
        shutil.rmtree(data)


if __name__ == "__main__":
    main()
