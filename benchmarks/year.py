"""What a year of runs leaves: files in the lake, Dagster's run storage, every DuckDB file, rows of every table.

    python benchmarks/year.py                     # needs faketime (apt install faketime)
    python benchmarks/year.py --days 30 --every 1

Accelerated: the clock. A process whose clock is moved on by libfaketime lives through the year, so retention, grace
times and closed days see the age that they would. Real: everything that runs in it, by Dagster, on one instance that
keeps its runs. Sampled: one day in three, and on it, instead of 1440 minutes and 24 rounds of the hourly jobs, one
minute that lands from five devices, the job ``minute`` that takes it, then the jobs ``history`` and ``clean_up``. So
what is kept for days shows its bound, though a smaller one than in service; what grows with the runs is told a
sampled day, which has one minute's run; what grows with what is measured depends on the fleet. The bound of Dagster's
storage by size (``schedule.storage_max_bytes``) is not reached here: days bound it first.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import yaml

sys.path.insert(0, str(Path(__file__).parent))
from fleet import Fleet

from iot_assets.assets.bronze import bring_in
from iot_assets.assets.silver import settle_pending
from iot_assets.bench.figures import Figures
from iot_assets.bench.script import folder, parser
from iot_assets.definitions import build_defs
from iot_assets.lake.paths import DataPaths
from iot_assets.resources import formulas
from iot_assets.sections.rules import in_force
from iot_assets.settings import Settings
from iot_assets.warehouse import device_status, gold, ledger, quality
from iot_assets.warehouse.connection import Warehouse

if TYPE_CHECKING:
    import duckdb

HERE = Path(__file__).parent
DEVICES, MESSAGES = 5, 20
DAY = 86_400
LIBRARIES = (
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
)
JOBS = ("minute", "history", "clean_up")


def run_minute(connection: duckdb.DuckDBPyConnection, settings: Settings, now: datetime, run_id: str) -> None:
    """What the steps of a run write, as of a moment; for whoever wants no Dagster about it."""
    checks = bring_in(connection, settings, run_id).checks
    for written in settle_pending(connection, settings, run_id):
        checks += written.checks
    rules = in_force(settings.rules)
    checks += gold.heal(connection, run_id=run_id, formulas=formulas(settings), judged_by=rules).checks
    checks += device_status.update(connection, settings.status, now, run_id=run_id).checks
    checks += quality.update(connection, settings.quality, now, run_id=run_id).checks
    ledger.log(connection, run_id, checks)


def live(home: Path, days: int, every: int) -> dict[str, Any]:
    """Live through one in so many days, in a process whose clock can be moved; what there is after each quarter."""
    settings = Settings(data_dir=home / "data")
    paths = DataPaths(settings.data_dir)
    defs = build_defs(settings)
    jobs = {name: defs.resolve_job_def(name) for name in JOBS}
    fleet = Fleet(paths, DEVICES)
    marks = {days * quarter // 4 for quarter in (1, 2, 3, 4)}
    found: dict[str, Any] = {}
    with dg.DagsterInstance.from_config(str(home)) as instance:
        for number in (n for n in range(1, days + 1) if n in marks or n % every == 0):
            (home / "clock").write_text(f"-{(days - number) * DAY}", encoding="ascii")
            fleet.land(time.time() - 60, 50, MESSAGES)
            for job in jobs.values():
                job.execute_in_process(instance=instance)
            if number in marks:
                found[str(number)] = count(home, paths, instance)
    return found


def count(home: Path, paths: DataPaths, instance: dg.DagsterInstance) -> dict[str, dict[str, float]]:
    """Files, bytes and rows."""
    lake, storage = ([f for f in top.rglob("*") if f.is_file()] for top in (paths.lake, home / "storage"))
    with Warehouse(paths.warehouse).connect() as connection:
        names = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables()"
            " where database_name = current_database() and not temporary order by 1"
        ).fetchall()
        rows = {name: connection.execute(f"select count(*) from {name}").fetchall()[0][0] for (name,) in names}
    return {
        "files": {
            "files in lake/landed": sum(paths.landed in f.parents for f in lake),
            "files in lake/silver and lake/gold": sum(paths.landed not in f.parents for f in lake),
            "files of Dagster's storage": len(storage),
        },
        "MB": {
            "iot.duckdb": paths.warehouse.stat().st_size / 1e6,
            "serving.duckdb": paths.serving.stat().st_size / 1e6,
            "Dagster's storage": sum(f.stat().st_size for f in storage) / 1e6,
        },
        "runs": {"runs in Dagster's storage": instance.get_runs_count()},
        "rows": rows,
    }


def simulate(home: Path, days: int, every: int) -> dict[str, Any]:
    """``live``, in a process of its own with another clock."""
    library = next((one for one in LIBRARIES if Path(one).exists()), None)
    if library is None:
        sys.exit("faketime is missing: apt install faketime")
    config = yaml.safe_load((HERE.parent / "dagster.yaml").read_text(encoding="utf-8"))
    config["storage"]["custom"]["config"]["base_dir"] = str(home / "storage")
    config["local_artifact_storage"]["config"]["base_dir"] = str(home / "storage")
    (home / "dagster.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (home / "clock").write_text(f"-{days * DAY}", encoding="ascii")
    faked = {
        "LD_PRELOAD": library,
        "FAKETIME_TIMESTAMP_FILE": str(home / "clock"),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
        "DAGSTER_HOME": str(home),
        "PYTHONWARNINGS": "ignore",
    }
    with (home / "log").open("wb") as log:
        done = subprocess.run(
            [sys.executable, __file__, "--days", str(days), "--every", str(every), "--live", str(home)],
            env={**os.environ, **faked},
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        sys.exit((home / "log").read_text(encoding="utf-8", errors="replace")[-3000:])
    found: dict[str, Any] = json.loads((home / "found.json").read_text(encoding="utf-8"))
    return found


def tell(figures: Figures, found: dict[str, Any], days: int, every: int) -> None:
    """Figures of each quarter, the last beside the second; rows a day of tables that still grow."""
    half, last = str(days * 2 // 4), str(days)
    for unit in ("files", "MB", "runs"):
        for name in found[last][unit]:
            for number, there in found.items():
                what = f"{name}, after {number} days"
                of_half = [f"{name}, after {half} days"] if number == last else []
                figures.add(what, unit, [there[unit][name]], against=of_half)
    grown = (days - int(half)) / every
    for name, rows in found[last]["rows"].items():
        if rows > found[half]["rows"][name]:
            figures.add(f"{name}: growth", "rows a sampled day", [(rows - found[half]["rows"][name]) / grown])
    in_lake = sum(found[last]["files"][n] - found[half]["files"][n] for n in found[last]["files"] if "lake" in n)
    figures.add("growth of the lake", "files a sampled day", [in_lake / grown])


def main() -> None:
    """Simulate and report."""
    asked = parser(__doc__, HERE, repetitions=1)
    asked.add_argument("--days", type=int, default=365)
    asked.add_argument("--every", type=int, default=3, help="one day in so many is sampled")
    asked.add_argument("--live", type=Path, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.live:
        (given.live / "found.json").write_text(json.dumps(live(given.live, given.days, given.every)), encoding="utf-8")
        return
    figures = Figures("year", days=given.days, every=given.every, devices=DEVICES, messages=MESSAGES)
    with folder(given.work) as home:
        tell(figures, simulate(home, given.days, given.every), given.days, given.every)
    figures.keep(given.into)


if __name__ == "__main__":
    main()
