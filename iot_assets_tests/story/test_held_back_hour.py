"""A real day as it should never arrive: doubled, shuffled, an hour of it last; every figure is what the oracle says.

An ordinary run takes a good hour of the day, drawn by the story's seed; ``STORY_LONG=1`` takes all of it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import duckdb
import pytest

from iot_assets_tests import oracle
from iot_assets_tests.house import House, house_in
from iot_assets_tests.keeping import export, join, tables_with_lake
from iot_assets_tests.lake_builder import LakeBuilder, Message
from iot_assets_tests.story.day import REAL_DAY, lines_of_the_day, minutes_of, real_day_is_there
from iot_assets_tests.story.processes import seeded, wants_the_long_form
from iot_assets_tests.warehouse.plain import seen

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from iot_assets_tests.lake_builder import Landed

pytestmark = pytest.mark.story

ZONE: Final = "Europe/Bucharest"
ROUTES: Final = [{"topic": "sensors", "convention": "sensor_value", "options": {"timezone": ZONE}}]
HOUR: Final = timedelta(hours=1)
#: A message waits so long at most, so that others overtake it.
DELAY: Final = timedelta(minutes=10)
PARTS: Final = 6


@pytest.mark.timeout(1800)
def test_a_day_doubled_shuffled_and_with_an_hour_held_back_is_exact_and_so_is_its_rebuild(tmp_path: Path) -> None:
    if not real_day_is_there():
        pytest.skip(f"THE REAL DAY WAS NOT TESTED: there is no ../shared/samples/{REAL_DAY.name}")
    chance = seeded("the held back hour")
    lines = lines_of_the_day()
    if not wants_the_long_form():
        begin = min(map(measured_at, lines)) + chance.random() * timedelta(hours=6)
        lines = [line for line in lines if begin <= measured_at(line) < begin + 1.3 * HOUR]
    house = house_in(tmp_path / "data", routes=ROUTES)
    landed = take_in(house, as_it_should_never_arrive(lines, chance))

    found = tables_with_lake(house)
    expected = oracle.tables(seen([in_the_oracles_words(one) for one in landed]))
    for table in ("gold.readings_1min", "gold.readings_1h", "gold.readings_1d", "gold.latest"):
        assert found[table] == expected[table], table
    assert minutes_published(house) == minutes_of(lines, ZONE), "the oracle has an oracle"
    outcomes: dict[str, int] = dict(
        house.ask("select outcome, sum(messages)::int from silver.outcome_counts group by all")
    )
    assert outcomes == {"telemetry": len(set(lines)), "duplicate": len(landed) - len(set(lines))}

    house.paths.warehouse.unlink()
    house.run()
    rebuilt = house.tables()
    assert {name: rebuilt[name] for name in found if name != "bronze.files"} == {
        name: found[name] for name in found if name != "bronze.files"
    }


def as_it_should_never_arrive(lines: list[bytes], chance: random.Random) -> list[Message]:
    """Each line, and a tenth of them again; none later than ``DELAY``, but an hour of them after all the others."""
    sent = [*lines, *chance.sample(lines, len(lines) // 10)]
    first, last = min(map(measured_at, lines)), max(map(measured_at, lines))
    held_from = first + chance.random() * (last - first - HOUR)
    arrivals = []
    for line in sent:
        at = measured_at(line)
        held = held_from <= at < held_from + HOUR
        arrivals.append((at + chance.random() * DELAY + (last - held_from + DELAY if held else timedelta(0)), line))
    return [
        Message(received_at=at + timedelta(microseconds=n), topic="sensors", payload=line)
        for n, (at, line) in enumerate(sorted(arrivals))
    ]


def take_in(house: House, messages: list[Message]) -> list[Landed]:
    """In several files and runs; what is old goes to the lake before the held back hour comes."""
    lake = LakeBuilder(house.paths)
    landed: list[Landed] = []
    files = in_pieces(messages, 40)
    for part in in_pieces(files, PARTS):
        for file in part:
            landed += lake.land(*file).messages
        house.run()
        house.publish(whole_rows=0)
        export(house, hot_days=2)
        join(house, most=1_000_000)
    house.publish(whole_rows=0)
    return landed


def in_pieces(things: list[Any], pieces: int) -> list[list[Any]]:
    """In order, and about equal."""
    size = -(-len(things) // pieces)
    return [things[n : n + size] for n in range(0, len(things), size)]


def measured_at(line: bytes) -> datetime:
    return datetime.fromisoformat(json.loads(line)["dt"]).replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


def in_the_oracles_words(one: Landed) -> Landed:
    """The same message in the trivial format that the oracle reads."""
    said = json.loads(one.message.payload)
    reading = [said["id"], "value", oracle.instant(measured_at(one.message.payload)), said["value"], None, []]
    return replace(one, message=replace(one.message, payload=json.dumps([reading]).encode()))


def minutes_published(house: House) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    with duckdb.connect(str(house.paths.serving), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        rows = connection.execute("select device_id, bucket_at, n, mean, min, max from gold.readings_1min").fetchall()
    return {(device, at): tuple(figures) for device, at, *figures in rows}
