"""What a minute costs: a whole launched run (process start to exit), with nothing landed and with 5,000 messages.

    python benchmarks/minute.py                        # on an empty warehouse
    python benchmarks/minute.py --history 100000000    # and on one with 100 million readings over 30 days

Each repetition lands the next minute of 5,000 messages (1,000 devices, telemetry, four metrics each) and runs
``dagster job execute -j minute``, the command a launched run comes closest to. Prints and stores medians: wall seconds,
CPU seconds and peak memory of the process, and the seconds of each step as Dagster recorded them.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from fleet import Fleet
from history import history

from iot_assets.lake.paths import DataPaths

HERE = Path(__file__).parent
ROOT = HERE.parent
MESSAGES = 5_000
DEVICES = 1_000


def run(data: Path, cwd: Path) -> dict[str, float]:
    """One run of the minute job in a process of its own."""
    environment = {**os.environ, "IOT_DATA_DIR": str(data), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "dagster", "job", "execute", "-m", "iot_assets.definitions", "-j", "minute"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    output = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if status:
        sys.exit(output[-3000:])
    steps = {}
    for name, amount, unit in re.findall(r'execution of step "(\w+)" in ([\d.]+)(ms|s)\b', output):
        steps[f"step {name} s"] = float(amount) / (1000 if unit == "ms" else 1)
    without = sum(seconds for name, seconds in steps.items() if name != "step serving s")
    return {
        "wall s": wall,
        "cpu s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "peak MB": usage.ru_maxrss / 1024,
        **steps,
        "steps without publication s": without,
    }


def measure(name: str, start_from: Path | None, repetitions: int) -> dict[str, dict[str, float]]:
    """Idle and full minutes on one warehouse; medians."""
    with tempfile.TemporaryDirectory(dir=HERE / "work") as folder:
        cwd = Path(folder)
        for file in ("dagster.yaml", "workspace.yaml"):
            shutil.copy(ROOT / file, cwd)
        data = cwd / "data"
        paths = DataPaths(data)
        if start_from is None:
            data.mkdir()
        else:
            shutil.copytree(start_from, data)
        fleet = Fleet(paths, DEVICES)
        start = time.time() // 60 * 60 - 60 * (repetitions + 1)
        fleet.land(start, 60, MESSAGES)
        run(data, cwd)  # the first run makes Dagster's storage and the first publication
        idle, full = [], []
        for repetition in range(repetitions):
            idle.append(run(data, cwd))
            fleet.land(start + 60 * (repetition + 1), 60, MESSAGES)
            full.append(run(data, cwd))
        return {f"{name}, idle minute": _medians(idle), f"{name}, 5,000 messages": _medians(full)}


def _medians(runs: list[dict[str, float]]) -> dict[str, float]:
    return {key: round(statistics.median(run[key] for run in runs), 3) for key in runs[0]}


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--history", type=int, default=0, help="readings of the long warehouse; 0 leaves it out")
    parser.add_argument("--repetitions", type=int, default=5)
    arguments = parser.parse_args()
    (HERE / "work").mkdir(exist_ok=True)
    results = measure("empty warehouse", None, arguments.repetitions)
    if arguments.history:
        past = history(arguments.history)
        results |= measure(f"{arguments.history:,} readings", past, arguments.repetitions)
        key = "steps without publication s"
        long, empty = (
            results[f"{n}, 5,000 messages"][key] for n in (f"{arguments.history:,} readings", "empty warehouse")
        )
        results["ratio of steps without publication, long to empty"] = {"ratio": round(long / empty, 2)}
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results" / f"minute-{datetime.now(UTC):%Y-%m-%d}.json").write_text(json.dumps(results, indent=1) + "\n")
    for name, figures in results.items():
        print(name)
        for key, value in figures.items():
            print(f"  {key:32} {value}")


if __name__ == "__main__":
    main()
