"""Gaps, backward clock steps and completeness of a real day, against one plain pass over its files.

The day is that of five sensors of one reading a second; half an hour with its backward steps and half an hour with a
gap, or all of it with STORY_LONG=1. It comes in pieces, so that what stands at the edge of a piece is found across it.
"""

from __future__ import annotations

import gzip
import itertools
import json
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from zoneinfo import ZoneInfo

import pytest

from iot_assets.warehouse import quality
from iot_assets_tests.house import RUN, House, house_in
from iot_assets_tests.lake_builder import LakeBuilder, Message, registry
from iot_assets_tests.story.day import REAL_DAY
from iot_assets_tests.story.processes import wants_the_long_form

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    not REAL_DAY.is_dir(), reason=f"SKIPPED: no real day at ../shared/samples/{REAL_DAY.name}; nothing real was judged"
)

ZONE: Final = ZoneInfo("Europe/Bucharest")
GAP_S: Final = 60.0
STEPS_EACH: Final = 21
PIECE: Final = 7_000

#: Sensor → the instants of its readings, in the order of its file, which is that of their arrival.
Day: TypeAlias = dict[str, list[datetime]]


def lines_of_the_day() -> list[bytes]:
    """The lines, the five sensors in turn."""
    files = [gzip.decompress(path.read_bytes()).splitlines() for path in sorted(REAL_DAY.glob("*.jsonl.gz"))]
    lines = [line for turn in itertools.zip_longest(*files) for line in turn if line is not None]
    if wants_the_long_form():
        return lines
    half_hours = ("08:3", "08:4", "08:5", "11:0", "11:1", "11:2")
    return [line for line in lines if json.loads(line)["dt"].partition("T")[2].startswith(half_hours)]


def _instant(line: bytes) -> datetime:
    return datetime.fromisoformat(json.loads(line)["dt"]).replace(tzinfo=ZONE)


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return lines_of_the_day()


@pytest.fixture(scope="module")
def day(lines: list[bytes]) -> Day:
    found: Day = {}
    for line in lines:
        found.setdefault(json.loads(line)["id"], []).append(_instant(line))
    return found


@pytest.fixture(scope="module")
def house(lines: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> House:
    """The day in the warehouse."""
    folder: Path = tmp_path_factory.mktemp("lab_day")
    house = house_in(
        folder,
        routes=[{"topic": "lab", "convention": "sensor_value", "options": {"timezone": ZONE.key}}],
        rules=[
            {"name": "gap", "kind": "gap", "metrics": ["*"], "for_s": GAP_S},
            {"name": "clock_step", "kind": "clock_step", "metrics": ["*"]},
        ],
    )
    lander = LakeBuilder(house.paths)
    lander.land(registry(-6 * 3600, {f"Sensor {n}": {"expected_interval_s": 1} for n in range(1, 6)}))
    heard = _instant(lines[0])
    for start in range(0, len(lines), PIECE):
        messages = []
        for line in lines[start : start + PIECE]:
            heard = max(heard + timedelta(microseconds=1), _instant(line))
            messages.append(Message(received_at=heard, topic="lab", payload=line))
        lander.land(*messages)
        house.run()
    with house.open() as connection:
        quality.update(connection, house.settings.quality, heard + timedelta(hours=2), run_id=RUN)
    return house


def hits(house: House, kind: str) -> dict[str, list[tuple[Any, ...]]]:
    """Sensor → (event_at, measure) of its hits."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for device, *hit in house.ask(
        f"select device_id, event_at, measure from gold.rule_hits where kind = '{kind}' order by all"
    ):
        found.setdefault(device, []).append(tuple(hit))
    return found


def test_every_gap_is_found_where_a_plain_pass_finds_it(house: House, day: Day) -> None:
    plain = {
        sensor: [
            (b, (b - a).total_seconds())
            for a, b in itertools.pairwise(sorted(times))
            if b - a > timedelta(seconds=GAP_S)
        ]
        for sensor, times in day.items()
    }
    assert all(plain.values())
    assert hits(house, "gap") == {sensor: [(at, pytest.approx(s)) for at, s in gaps] for sensor, gaps in plain.items()}


def test_every_backward_step_of_a_clock_is_found_where_a_plain_pass_finds_it(house: House, day: Day) -> None:
    plain = {sensor: sorted(b for a, b in itertools.pairwise(times) if b < a) for sensor, times in day.items()}
    assert {sensor: len(steps) for sensor, steps in plain.items()} == dict.fromkeys(day, STEPS_EACH)
    assert {sensor: [at for at, _ in found] for sensor, found in hits(house, "clock_step").items()} == plain


def test_each_minute_is_as_complete_as_a_plain_count_says(house: House, day: Day) -> None:
    plain = {}
    for sensor, times in day.items():
        counts = Counter(at.replace(second=0, microsecond=0) for at in times)
        minute, last = min(counts), max(counts)
        while minute <= last:  # the silent ones, too
            plain[sensor, minute] = (60, counts[minute], min(counts[minute] / 60, 1))
            minute += timedelta(minutes=1)
    first, last = min(minute for _, minute in plain), max(minute for _, minute in plain)
    found = house.ask(
        "select device_id, minute_at, expected, received, completeness from gold.completeness_1min"
        f" where minute_at between '{first.isoformat()}' and '{last.isoformat()}'"
    )
    assert {(device, at): tuple(figures) for device, at, *figures in found} == {
        key: (expected, received, pytest.approx(share)) for key, (expected, received, share) in plain.items()
    }
