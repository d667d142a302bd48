"""Readers, each a process of its own: ask the published copy again and again until a file named stop appears.

``python reader.py FILE STOP WAY…``, where a way is python, cli (the DuckDB CLI) or query (``iot-assets query``).
Each answer must be whole (gold counts just the readings that silver holds) and never older than the one before.
Belongs here: reading as others read, with nothing of ours. Does not: expectations about what there is to read.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

SQL = (
    "select (select sum(n)::bigint from gold.readings_1min) as in_gold,"
    " (select count(value) from silver.readings) as in_silver,"
    " (select count(*) from gold.latest) as devices"
)

Answer = tuple[int, int, int]


def by_python(file: str) -> Answer:
    with duckdb.connect(file, read_only=True) as connection:
        answers = set()
        for _ in range(random.randrange(1, 4)):
            answers.add(connection.execute(SQL).fetchone())
            time.sleep(random.uniform(0, 0.2))  # an open copy stays what it is, also when a newer one is swapped in
        (answer,) = answers
    assert answer is not None
    return answer


def by_cli(file: str) -> Answer:
    return _spoken("duckdb", "-readonly", "-csv", "-noheader", file, "-c", SQL)


def by_query(file: str) -> Answer:
    return _spoken("iot-assets", "query", "--format", "csv", SQL)


def _spoken(*command: str) -> Answer:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}: {done.stderr}"
    assert not done.stderr, done.stderr
    in_gold, in_silver, devices = map(int, done.stdout.splitlines()[-1].split(","))
    return in_gold, in_silver, devices


WAYS: dict[str, Callable[[str], Answer]] = {"python": by_python, "cli": by_cli, "query": by_query}


def read(file: str, stop: Path, way: str) -> None:
    reads, newest = 0, 0
    while not stop.exists():
        in_gold, in_silver, devices = WAYS[way](file)
        assert in_gold == in_silver, f"half a publication: {in_gold} in gold, {in_silver} in silver"
        assert in_gold >= newest, f"an older publication: {in_gold} after {newest}"
        assert devices > 0
        reads, newest = reads + 1, in_gold
        time.sleep(random.uniform(0, 1))
    print(way, reads, flush=True)


def main() -> None:
    file, stop, *ways = sys.argv[1:]
    if len(ways) == 1:
        try:
            read(file, Path(stop), ways[0])
        except BaseException:
            Path(stop).touch()  # one that fails ends them all
            raise
        return
    # All of one session, which gets one share of the processor: whether readers get in the writer's way is asked, not
    # which of them is the faster.
    readers = [subprocess.Popen([sys.executable, __file__, file, stop, way]) for way in ways]
    sys.exit(max(abs(reader.wait()) for reader in readers))


if __name__ == "__main__":
    main()
