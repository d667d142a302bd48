"""How long a backup takes, for how long runs cannot write meanwhile, and how long it takes to put it back.

    python benchmarks/backup.py            # 1 GB: half of it lake, half warehouse
    python benchmarks/backup.py --gigabytes 10

The files hold random bytes: what they say makes no difference to copying and hashing them. A day is one more landed
file a minute. The next backup is a median of five; the first one, and restoring, are measured once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from iot_assets.bench.figures import Figures
from iot_assets.bench.script import folder, parser
from iot_assets.lake.paths import DataPaths
from iot_assets.ops.backup.make import make_backup
from iot_assets.ops.backup.manifest import read_manifest
from iot_assets.ops.backup.restore import restore

HERE = Path(__file__).parent
T = TypeVar("T")
FILES = 3000
DAY_FILES, DAY_FILE_BYTES = 1440, 50_000


def write(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for _ in range(size // 1_000_000):
            file.write(os.urandom(1_000_000))
        file.write(os.urandom(size % 1_000_000))


def landed(paths: DataPaths, day: int, number: int) -> Path:
    return paths.landed_file("lander", 1_760_000_000_000 + day, number, datetime(2026, 1, day, tzinfo=UTC))


def timed(do: Callable[[], T]) -> tuple[float, T]:
    """Seconds, and what came of it."""
    began = time.perf_counter()
    found = do()
    return time.perf_counter() - began, found


def measure(figures: Figures, gigabytes: float, data: Path, repetitions: int) -> None:
    """Add the figures."""
    paths, target = DataPaths(data / "data"), data / "kept"
    half = int(gigabytes * 5e8)
    for number in range(FILES):
        write(landed(paths, 1, number), half // FILES)
    write(paths.warehouse, half)
    seconds, last = timed(lambda: make_backup(paths, target, others={}))
    figures.add("the first backup", "s", [seconds])
    figures.add("runs cannot write meanwhile", "s", [read_manifest(last).runs_waited_seconds])
    later = []
    for day in range(2, 2 + repetitions):
        for number in range(DAY_FILES):
            write(landed(paths, day, number), DAY_FILE_BYTES)
        seconds, last = timed(lambda: make_backup(paths, target, others={}))
        later.append(seconds)
    figures.add("the next backup, a day later", "s", later, against=["the first backup"])
    seconds, found = timed(lambda: restore(last, DataPaths(data / "again")))
    figures.add("putting it back", "s", [seconds])
    figures.about["parameters"] |= {
        "files": len(found.files),
        "bytes": found.bytes,
        "bytes that the last one copied": found.copied_bytes,
    }


def main() -> None:
    """Measure and report."""
    asked = parser(__doc__, HERE)
    asked.add_argument("--gigabytes", type=float, default=1.0)
    given = asked.parse_args()
    figures = Figures("backup", gigabytes=given.gigabytes)
    with folder(given.work) as data:
        measure(figures, given.gigabytes, data, given.repetitions)
    figures.keep(given.into)


if __name__ == "__main__":
    main()
