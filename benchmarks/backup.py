"""How long a backup takes, for how long runs cannot write meanwhile, and how long it takes to put it back.

    python benchmarks/backup.py            # 1 GB: half of it lake, half warehouse
    python benchmarks/backup.py --gigabytes 10

The files hold random bytes: what they say makes no difference to copying and hashing them. A day is one more landed
file a minute. The next backup is a median of five; the first one, and restoring, are measured once.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from iot_assets.lake.paths import DataPaths
from iot_assets.ops.backup.make import make_backup
from iot_assets.ops.backup.manifest import read_manifest
from iot_assets.ops.backup.restore import restore

HERE = Path(__file__).parent
FILES = 3000
DAY_FILES, DAY_FILE_BYTES = 1440, 50_000
REPETITIONS = 5


def write(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for _ in range(size // 1_000_000):
            file.write(os.urandom(1_000_000))
        file.write(os.urandom(size % 1_000_000))


def landed(paths: DataPaths, day: int, number: int) -> Path:
    return paths.landed_file("lander", 1_760_000_000_000 + day, number, datetime(2026, 1, day, tzinfo=UTC))


def measure(gigabytes: float, folder: Path) -> dict[str, object]:
    paths, target = DataPaths(folder / "data"), folder / "kept"
    half = int(gigabytes * 5e8)
    for number in range(FILES):
        write(landed(paths, 1, number), half // FILES)
    write(paths.warehouse, half)
    began = time.perf_counter()
    first = make_backup(paths, target, others={})
    first_s = time.perf_counter() - began
    held = read_manifest(first).runs_waited_seconds
    later = []
    for day in range(2, 2 + REPETITIONS):
        for number in range(DAY_FILES):
            write(landed(paths, day, number), DAY_FILE_BYTES)
        began = time.perf_counter()
        last = make_backup(paths, target, others={})
        later.append(time.perf_counter() - began)
    began = time.perf_counter()
    found = restore(last, DataPaths(folder / "again"))
    return {
        "warehouse_bytes": half,
        "lake_bytes": half + REPETITIONS * DAY_FILES * DAY_FILE_BYTES,
        "files": len(found.files),
        "first_seconds": round(first_s, 2),
        "runs_waited_seconds": held,
        "next_seconds": round(statistics.median(later), 2),
        "next_copied_bytes": found.copied_bytes,
        "restore_seconds": round(time.perf_counter() - began, 2),
        "restore_bytes": found.bytes,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=1.0)
    wanted = parser.parse_args().gigabytes
    (HERE / "work").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=HERE / "work"))
    try:
        found = measure(wanted, folder)
    finally:
        shutil.rmtree(folder)
    found |= {"measured_at": datetime.now(UTC).isoformat(timespec="seconds"), "cores": os.cpu_count()}
    found |= {"load": os.getloadavg()[2], "python": platform.python_version()}
    target = HERE / "results" / f"backup-{datetime.now(UTC):%Y-%m-%d}.json"
    target.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(target.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
