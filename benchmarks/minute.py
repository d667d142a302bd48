"""What a minute costs: a whole launched run (process start to exit), with nothing landed and with 5,000 messages.

    python benchmarks/minute.py                        # on an empty warehouse
    python benchmarks/minute.py --history 100000000    # and on one with 100 million readings over 30 days

Each repetition lands the next minute of 5,000 messages (1,000 devices, telemetry, four metrics each) and runs
``dagster job execute -j minute``, the command a launched run comes closest to, with compiled bytecode, as an installed
package has it. Told are wall and CPU seconds and peak memory of the process, the seconds of each step as Dagster
recorded them, and those in which the steps worked, without Dagster's records of them. The long past is made once
(``history.py``) and copied.
"""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from fleet import Fleet
from history import history

from iot_assets.bench.figures import Figures
from iot_assets.bench.minute import Minute, launch
from iot_assets.bench.script import folder, parser
from iot_assets.lake.paths import DataPaths
from iot_assets.ops.dagster_home import VARIABLE

HERE = Path(__file__).parent
ROOT = HERE.parent
MESSAGES = 5_000
DEVICES = 1_000
EMPTY = "empty warehouse"
IDLE, FULL = "idle", "5,000 messages"


def measure(start_from: Path | None, work: Path, repetitions: int) -> dict[str, list[Minute]]:
    """Idle and full minutes on one warehouse, in turn."""
    with folder(work) as cwd:
        for file in ("dagster.yaml", "workspace.yaml"):
            shutil.copy(ROOT / file, cwd)
        data = cwd / "data"
        if start_from is None:
            data.mkdir()
        else:
            shutil.copytree(start_from, data)
        environment = {
            VARIABLE: str(cwd),
            "IOT_DATA_DIR": str(data),
            "PYTHONWARNINGS": "ignore",
            "PYTHONDONTWRITEBYTECODE": None,
        }
        fleet = Fleet(DataPaths(data), DEVICES)
        start = time.time() // 60 * 60 - 60 * (repetitions + 1)
        fleet.land(start, 60, MESSAGES)
        launch(cwd, environment)  # the first run makes Dagster's storage and the first publication
        found: dict[str, list[Minute]] = {IDLE: [], FULL: []}
        for repetition in range(1, repetitions + 1):
            found[IDLE].append(launch(cwd, environment))
            fleet.land(start + 60 * repetition, 60, MESSAGES)
            found[FULL].append(launch(cwd, environment))
        return found


def add(figures: Figures, house: str, kind: str, minutes: list[Minute]) -> None:
    """What minutes of one kind cost in one house."""
    figures.add(
        f"{house}, {kind}: whole run",
        "s",
        [one.process.seconds for one in minutes],
        cpu_seconds=[one.process.cpu_seconds for one in minutes],
        peak_mb=[one.process.peak_mb for one in minutes],
    )
    figures.add(f"{house}, {kind}: all steps", "s", [sum(one.steps.values()) for one in minutes])
    figures.add(f"{house}, {kind}: all steps, their own work", "s", [sum(one.worked.values()) for one in minutes])
    without = f"{kind}: steps without publication"
    figures.add(
        f"{house}, {without}",
        "s",
        [one.entering_seconds for one in minutes],
        against=[] if house == EMPTY else [f"{EMPTY}, {without}"],
    )
    for step in minutes[0].steps:
        figures.add(f"{house}, {kind}: step {step}", "s", [one.steps[step] for one in minutes])


def main() -> None:
    """Measure and report."""
    asked = parser(__doc__, HERE)
    asked.add_argument("--history", type=int, default=0, help="readings of the long warehouse; 0 leaves it out")
    given = asked.parse_args()
    figures = Figures("minute", messages=MESSAGES, devices=DEVICES)
    houses = {EMPTY: None}
    if given.history:
        houses[f"{given.history:,} readings"] = history(given.history)
    for house, start_from in houses.items():
        for kind, minutes in measure(start_from, given.work, given.repetitions).items():
            add(figures, house, kind, minutes)
    figures.keep(given.into)


if __name__ == "__main__":
    main()
