"""How fast a landed day is rebuilt, beside a hand-written script that makes the same readings and rollups of its files.

    python benchmarks/rebuild.py                       # a day of 10,000,000 messages; about an hour
    python benchmarks/rebuild.py --messages 60000 --repetitions 1

The day (1,000 devices, six metrics, a file for each five minutes) is landed and brought in once. What counts is what
the job ``rebuild`` does after that, in a process of its own, start-up and publication apart: the day is forgotten, and
entered, decoded, settled and healed again, with DuckDB's memory bound by the setting ``warehouse.memory_limit``. The
script, ``hand_written.sql``, has the same bound. At the end both have the same sums.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from fleet import Fleet
from materialize import DEVICES, SCRIPT, SUMS, Done, done, script, tell

from iot_assets.bench.figures import Figures, alternate
from iot_assets.bench.script import folder, parser, run
from iot_assets.lake.paths import DataPaths

HERE = Path(__file__).parent
FILES = 288
REBUILT = "day rebuilt"

#: In a new process, which prints what it took; with a day to forget, or without.
_RUN = f"""
import json, resource, sys, time
from datetime import date
from iot_assets.assets.bronze import bring_in
from iot_assets.assets.silver import settle_pending
from iot_assets.resources import formulas, warehouse_resource
from iot_assets.sections.rules import in_force
from iot_assets.settings import load_settings
from iot_assets.warehouse.gold import heal
from iot_assets.warehouse.rebuild import forget
settings = load_settings()
with warehouse_resource(settings).get_connection() as connection:
    started, cpu = time.perf_counter(), time.process_time()
    if len(sys.argv) > 1:
        forget(connection, date.fromisoformat(sys.argv[1]))
    bring_in(connection, settings, "benchmark")
    settle_pending(connection, settings, "benchmark")
    heal(connection, run_id="benchmark", formulas=formulas(settings), judged_by=in_force(settings.rules))
    told = {{"wall s": time.perf_counter() - started, "cpu s": time.process_time() - cpu}}
    sums = connection.execute({SUMS!r}).fetchall()
told["peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print("\\n" + json.dumps([told, str(sums)]))
"""


def enter(data: Path, memory: str, *day: str) -> Done:
    """Bring in what is landed; a day is forgotten first."""
    told = {"IOT_DATA_DIR": str(data), "IOT_WAREHOUSE__MEMORY_LIMIT": memory, "PYTHONWARNINGS": "ignore"}
    return done(run([sys.executable, "-c", _RUN, *day], cwd=data.parent, environment=told))


def main() -> None:
    """Measure and report."""
    asked = parser(__doc__, HERE, repetitions=2)
    asked.add_argument("--messages", type=int, default=10_000_000)
    asked.add_argument("--memory", default="4GB", help="DuckDB's memory bound, of both [default: %(default)s]")
    given = asked.parse_args()
    figures = Figures("rebuild", messages=given.messages, devices=DEVICES, files=FILES, memory_limit=given.memory)
    with folder(given.work) as work:
        data = work / "data"
        fleet = Fleet(DataPaths(data), DEVICES, "flat_json, six metrics")
        day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
        seconds = 86_400 // FILES
        for number in range(FILES):
            fleet.land(day.timestamp() + seconds * number, seconds, given.messages // FILES)
        landed = DataPaths(data).lake
        enter(data, given.memory)
        ways = {
            SCRIPT: lambda: script(landed, work, memory=given.memory),
            REBUILT: lambda: enter(data, given.memory, f"{day:%Y-%m-%d}"),
        }
        found = alternate(ways, given.repetitions)
    tell(figures, found, fleet.landed, REBUILT)
    figures.keep(given.into)


if __name__ == "__main__":
    main()
