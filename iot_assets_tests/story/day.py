"""A day of five sensors of format 1, with clocks that step back and gaps; and its minutes, by plain Python.

The real day lies beside the repository, in ``shared/samples``; where it is missing, one like it is made up.
Belongs here: lines and what they amount to. Does not: anything of the platform, whose answer this is held against.
"""

from __future__ import annotations

import gzip
import itertools
import json
import os
import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from iot_assets_tests.story.processes import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterable

REAL_DAY: Final = REPOSITORY.parent / "shared" / "samples" / "lab_2025-11-12"
REAL_READINGS: Final = 157_047
#: Sensor and start of the minute in UTC.
Minute = tuple[str, datetime]
#: n, mean, min, max.
Figures = tuple[int, float, float, float]


def real_day_is_there() -> bool:
    return REAL_DAY.is_dir() and os.environ.get("STORY_DAY") != "made-up"


def lines_of_the_day() -> list[bytes]:
    """The day's messages, the five sensors in turn, each in the order of its file."""
    if not real_day_is_there():
        return make_up_a_day()
    files = [gzip.decompress(path.read_bytes()).splitlines() for path in sorted(REAL_DAY.glob("*.jsonl.gz"))]
    lines = [line for turn in itertools.zip_longest(*files) for line in turn if line is not None]
    assert len(lines) == REAL_READINGS
    return lines


def make_up_a_day(*, seed: int = 12, readings_each: int = 8000) -> list[bytes]:
    """About two hours of five sensors, one reading a second, with 21 steps back of a few seconds and longer gaps."""
    chance = random.Random(seed)
    turns = sorted(chance.sample(range(readings_each), 28))
    steps = {at: chance.uniform(-5, -1) for at in turns[:21]} | {at: chance.uniform(20, 76) for at in turns[21:]}
    lines = []
    now = datetime(2025, 11, 12, 8, 32, 34, 162205)  # noqa: DTZ001 - naive local time, as the sensors write it
    for turn in range(readings_each):
        now += timedelta(seconds=steps.get(turn, 0) + 1, microseconds=chance.randrange(10_000))
        for sensor in range(1, 6):
            at = now + timedelta(microseconds=500 * sensor)
            reading = {"id": f"Sensor {sensor}", "dt": at.isoformat(), "value": chance.randint(0, 45)}
            lines.append(json.dumps(reading).encode())
    return lines


def minutes_of(lines: Iterable[bytes], zone: str) -> dict[Minute, Figures]:
    """n, mean, min and max of each sensor's minutes; a line that comes again says nothing new."""
    values = defaultdict(list)
    for line in dict.fromkeys(lines):
        reading = json.loads(line)
        local = datetime.fromisoformat(reading["dt"]).replace(tzinfo=ZoneInfo(zone))
        minute = local.astimezone(UTC).replace(second=0, microsecond=0)
        values[reading["id"], minute].append(reading["value"])
    return {key: (len(them), sum(them) / len(them), min(them), max(them)) for key, them in values.items()}
