"""How fast the assets bronze, silver and gold are beside a hand-written script for the same readings and rollups.

    python benchmarks/materialize.py                       # 1,000,000 messages of six metrics, an hour of 1,000 devices
    python benchmarks/materialize.py --messages 100000 --repetitions 1

Both begin with the same landed files, a minute each, and an empty warehouse file, and take turns. The assets run in one
process of their own, by Dagster's ``materialize`` on an instance with nothing in it; what counts are the seconds of
their steps, so start-up is apart. The script is ``hand_written.sql``, in a process of its own, too: it decodes,
de-duplicates and rolls up, and does nothing of what else the assets do. At the end both have the same sums.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from fleet import Fleet

from iot_assets.bench.figures import Figures, alternate
from iot_assets.bench.script import Ended, folder, parser, run
from iot_assets.lake.paths import DataPaths

HERE = Path(__file__).parent
DEVICES = 1_000
MINUTES = 60
SCRIPT, ASSETS = "hand-written script", "bronze, silver and gold"
SUMS = 'select sum(n), sum("sum") from gold.readings_1d'

#: Both in a new process, which prints seconds of wall time and of processor time, peak memory and the sums.
_ASSETS = f"""
import json, resource, sys, time
import dagster as dg, duckdb
from iot_assets.assets.bronze import bronze
from iot_assets.assets.gold import gold
from iot_assets.assets.silver import silver
from iot_assets.resources import warehouse_resource
from iot_assets.settings import load_settings
settings = load_settings()
with dg.DagsterInstance.ephemeral() as instance:
    cpu = time.process_time()
    run = dg.materialize(
        [bronze, silver, gold],
        instance=instance,
        resources={{"settings": settings, "warehouse": warehouse_resource(settings)}},
    )
    cpu = time.process_time() - cpu
    steps = {{s.step_key: (s.end_time - s.start_time) for s in instance.get_run_step_stats(run.run_id)}}
sums = duckdb.connect(str(settings.data_dir / "iot.duckdb"), read_only=True).execute({SUMS!r}).fetchall()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
told = {{"wall s": sum(steps.values()), "cpu s": cpu, "peak MB": peak}}
print("\\n" + json.dumps([told | {{f"{{k}} s": v for k, v in steps.items()}}, str(sums)]))
"""
_SCRIPT = f"""
import json, resource, sys, time
import duckdb
sql, target, memory = open(sys.argv[1]).read(), sys.argv[2], sys.argv[3]
started, cpu = time.perf_counter(), time.process_time()
with duckdb.connect(target) as connection:
    connection.execute("set TimeZone = 'UTC'")
    if memory:
        connection.execute(f"set memory_limit = '{{memory}}'")
    connection.execute(sql)
    connection.execute("checkpoint")
told = {{"wall s": time.perf_counter() - started, "cpu s": time.process_time() - cpu}}
sums = duckdb.connect(target, read_only=True).execute({SUMS!r}).fetchall()
told["peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print("\\n" + json.dumps([told, str(sums)]))
"""


@dataclass(frozen=True, slots=True)
class Done:
    """What one process told of itself."""

    figures: dict[str, float]
    sums: str


def assets(landed: Path, work: Path) -> Done:
    """Bronze, silver and gold of all that is landed."""
    with folder(work) as cwd:
        data = cwd / "data"
        shutil.copytree(landed, data, copy_function=os.link)
        told = {"IOT_DATA_DIR": str(data), "DAGSTER_HOME": str(cwd), "PYTHONWARNINGS": "ignore"}
        return done(run([sys.executable, "-c", _ASSETS], cwd=cwd, environment=told))


def script(landed: Path, work: Path, *, memory: str = "") -> Done:
    """The hand-written SQL over the same files, with this much memory for DuckDB."""
    files = ", ".join(f"'{path}'" for path in sorted(landed.rglob("*.parquet")))
    with folder(work) as cwd:
        sql = cwd / "hand_written.sql"
        sql.write_text((HERE / "hand_written.sql").read_text("utf-8").replace("{files}", f"[{files}]"), "utf-8")
        return done(run([sys.executable, "-c", _SCRIPT, str(sql), str(cwd / "hand.duckdb"), memory], cwd=cwd))


def done(process: Ended) -> Done:
    """What the process has printed last."""
    if process.code:
        sys.exit(process.output[-3000:])
    return Done(*json.loads(process.output.splitlines()[-1]))


def tell(figures: Figures, found: dict[str, list[Done]], messages: int, ours: str) -> None:
    """Add what both ways took for so many messages, ours beside the script; they must have the same sums."""
    if len({one.sums for runs in found.values() for one in runs}) != 1:
        sys.exit(f"they do not agree: {found}")
    for name, runs in found.items():
        figures.add(
            name,
            "messages/s",
            [messages / one.figures["wall s"] for one in runs],
            against=[SCRIPT] if name == ours else [],
            cpu_seconds=[one.figures["cpu s"] / messages for one in runs],
            peak_mb=[one.figures["peak MB"] for one in runs],
        )


def main() -> None:
    """Measure and report."""
    asked = parser(__doc__, HERE)
    asked.add_argument("--messages", type=int, default=1_000_000)
    given = asked.parse_args()
    figures = Figures("materialize", messages=given.messages, devices=DEVICES)
    with folder(given.work) as work:
        landed = work / "landed"
        fleet = Fleet(DataPaths(landed), DEVICES, "flat_json, six metrics")
        hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0).timestamp() - 7200
        for minute in range(MINUTES):
            fleet.land(hour + 60 * minute, 60, given.messages // MINUTES)
        ways = {SCRIPT: lambda: script(landed, work), ASSETS: lambda: assets(landed, work)}
        found = alternate(ways, given.repetitions)
    tell(figures, found, fleet.landed, ASSETS)
    for step in ("bronze", "silver", "gold"):
        figures.add(f"step {step}", "s", [done.figures[f"{step} s"] for done in found[ASSETS]])
    figures.keep(given.into)


if __name__ == "__main__":
    main()
