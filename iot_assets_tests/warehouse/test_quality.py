"""Quality: each counter against what was sent, silence found by time alone, scores that follow from their counters."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from iot_assets.sections.quality import Quality, Weights
from iot_assets.warehouse import quality
from iot_assets_tests.house import RUN, House, house_in
from iot_assets_tests.lake_builder import NOON, LakeBuilder, Message, at, registry, said

if TYPE_CHECKING:
    from pathlib import Path

HOUR = 3600
EACH_MINUTE = Quality(lag_minutes=0, every_minutes=1)


def judge(house: House, seconds: float, settings: Quality | None = None) -> quality.Scored:
    """Bring quality up to a moment, in seconds after noon."""
    with house.open() as connection:
        return quality.update(connection, settings or Quality(lag_minutes=0), at(seconds), run_id=RUN)


def hours(house: House, columns: str, where: str = "true") -> list[tuple[Any, ...]]:
    """Columns of each judged hour, in order, after the hour's distance from noon."""
    found = house.ask(
        f"select hour_at, {columns} from gold.quality_hourly where {where} order by hour_at, device_id, metric"
    )
    return [(round((when - NOON).total_seconds() / HOUR), *rest) for when, *rest in found]


def every(step: int, start: int, end: int, device: str = "a", **values: float) -> list[Message]:
    """What a device says each ``step`` seconds, received as it is measured."""
    said_then: Any = values or {"t": 1}
    return [said(device, s, received=s, **said_then) for s in range(start, end, step)]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return house_in(tmp_path)


class Lander:
    """A lander before a house, which brings its tables up to date with all that it lands."""

    def __init__(self, house: House) -> None:
        self._house, self._lake = house, LakeBuilder(house.paths)

    def __call__(self, *messages: Message) -> None:
        self._lake.land(*messages)
        self._house.run()


@pytest.fixture
def take(house: House) -> Lander:
    return Lander(house)


def test_a_whole_hour_is_complete_and_one_with_holes_is_not(house: House, take: Lander) -> None:
    readings = every(60, 0, 3 * HOUR)
    take(*readings[:70], *readings[82:])  # twelve of the second hour are missing
    judge(house, 3 * HOUR)
    assert hours(house, "interval_s, interval_source, expected, received, round(completeness, 2), band") == [
        (0, 60.0, "learned", 60, 60, 1.0, "good"),
        (1, 60.0, "learned", 60, 48, 0.8, "warning"),
        (2, 60.0, "learned", 60, 60, 1.0, "good"),
    ]


def test_each_minute_is_as_complete_as_what_came_in_it_silent_ones_included(house: House, take: Lander) -> None:
    readings = every(10, 0, HOUR)
    take(*readings[:15], *readings[30:])
    judge(house, HOUR)
    found = house.ask("select expected, received, completeness from gold.completeness_1min order by minute_at")
    assert found == [(6, n, n / 6) for n in (6, 6, 3, 0, 0, *[6] * 55)]


def test_jitter_at_the_edge_of_an_hour_makes_no_reading_miss(house: House, take: Lander) -> None:
    drawn = random.Random(1)
    times = [900 * n + drawn.uniform(-60, 60) for n in range(1, 97)]
    take(*(said("a", s, received=s, t=1) for s in times))
    judge(house, 24 * HOUR)
    assert {(interval, complete) for _, interval, complete in hours(house, "interval_s, completeness")} == {
        (900.0, 1.0)
    }


def test_a_silent_series_is_missed_without_any_message_until_it_is_forgotten(house: House, take: Lander) -> None:
    take(*every(300, 0, 4 * HOUR))
    judge(house, 6 * HOUR)
    assert hours(house, "expected, received, band")[3:] == [(3, 12, 12, "good"), (4, 12, 0, "poor"), (5, 12, 0, "poor")]
    judge(house, 20 * 24 * HOUR)
    last, *_ = hours(house, "received")[-1]
    assert last == 7 * 24 + 11, "midnight after seven days"


def test_an_hour_is_judged_while_it_lasts(house: House, take: Lander) -> None:
    take(*every(60, 0, HOUR + 1200))
    judge(house, HOUR + 1200)
    assert hours(house, "expected, received, epoch(until_at - hour_at)") == [(0, 60, 60, 3600), (1, 20, 20, 1200)]
    assert judge(house, HOUR + 1250).hours == 0, "it is brought up to date every five minutes"
    judge(house, 2 * HOUR)
    assert hours(house, "expected, received")[1] == (1, 60, 20)


def test_what_comes_within_the_hour_that_lasts_waits_for_the_next_moment_and_what_is_late_does_not(
    house: House, take: Lander
) -> None:
    readings = every(60, 0, HOUR + 1200)
    take(*readings[:30], *readings[40:-5])
    judge(house, HOUR + 1200)
    take(*readings[-5:])
    assert judge(house, HOUR + 1250).hours == 0
    take(*readings[30:40])
    assert judge(house, HOUR + 1260).hours > 0
    assert hours(house, "received")[0] == (0, 60)
    judge(house, HOUR + 1500)
    assert hours(house, "expected, received") == [(0, 60, 60), (1, 25, 20)]


def test_a_device_keeps_the_rhythm_that_its_first_hour_tells_while_that_lasts(house: House, take: Lander) -> None:
    for minutes in (10, 15, 20, 25):
        take(*every(60, (minutes - 10) * 60, minutes * 60))
        judge(house, minutes * 60)
        assert [interval for _, interval in hours(house, "interval_s")] == [60.0], minutes


def test_the_declared_interval_counts_but_not_for_what_is_sent_less_often(house: House, take: Lander) -> None:
    take(
        registry(-HOUR, {"a": {"expected_interval_s": 60}}),
        *every(120, 0, 5 * HOUR),
        *every(1200, 7, 5 * HOUR, b=1),
    )
    judge(house, 5 * HOUR)
    found = hours(house, "metric, interval_s, interval_source, expected, received")
    assert {row[1:] for row in found[2:]} == {
        ("t", 60.0, "declared", 60, 30),
        ("b", 1200.0, "learned", 3, 3),
    }


def test_an_interval_that_is_told_late_counts_from_when_it_was_declared(house: House, take: Lander) -> None:
    take(*every(120, 0, 5 * HOUR))
    judge(house, 5 * HOUR)
    take(registry(2 * HOUR - 60, {"a": {"expected_interval_s": 60}}))
    judge(house, 5 * HOUR)
    assert hours(house, "interval_s, expected, received") == [
        *((n, 120.0, 30, 30) for n in (0, 1)),
        *((n, 60.0, 60, 30) for n in (2, 3, 4)),
    ]


def test_what_comes_without_a_rhythm_is_not_expected(house: House, take: Lander) -> None:
    take(*(said("a", s, received=s, door=1) for s in (5, 90, 4000, 4100, 9000, 9005, 9900, 14000, 20000, 20100)))
    judge(house, 6 * HOUR)
    assert {row[1:] for row in hours(house, "interval_s, expected, completeness")} == {(None, None, None)}


def test_duplicates_late_readings_and_rejects_are_counted_in_their_hours(house: House, take: Lander) -> None:
    bad = Message(received_at=at(200), topic="devices/a/telemetry", payload=b'{"t": ')
    take(*every(60, 0, 2 * HOUR), bad, said("a", 120, received=900, t=1))
    late = [said("a", 2 * HOUR + n, received=3 * HOUR, t=1) for n in (0, 60)]
    take(*late, *every(60, 2 * HOUR + 120, 3 * HOUR))
    judge(house, 3 * HOUR)
    counted = hours(house, "received, duplicates, late, rejected")
    assert counted == [
        (0, 60, 1, 0, 1),
        (1, 60, 0, 0, 0),
        (2, 60, 0, 2, 0),
    ]


def test_readings_that_break_rules_are_invalid_or_inconsistent(house: House) -> None:
    rules = [
        {"name": "hot", "kind": "range", "metrics": ["t"], "high": 50, "action": "exclude"},
        {"name": "jump", "kind": "spike", "metrics": ["t"], "limit": 5},
    ]
    house = house_in(house.paths.root, rules=rules)
    take = Lander(house)
    values = [20.0] * 60
    values[10], values[30] = 99, 30
    take(*(said("a", 60 * n, received=60 * n, t=v) for n, v in enumerate(values)))
    judge(house, HOUR)
    assert hours(house, 'received, "valid", excluded, inconsistent') == [(0, 60, 59, 1, 1)]


def test_late_data_heal_the_hours_that_they_belong_to_and_no_others(house: House, take: Lander) -> None:
    all_of_it = every(60, 0, 6 * HOUR)
    missing = all_of_it[70:90]
    take(*all_of_it[:70], *all_of_it[90:], *every(60, 0, 6 * HOUR, device="b"))
    judge(house, 6 * HOUR)
    assert hours(house, "received", "device_id = 'a'")[1] == (1, 40)
    take(*(Message(received_at=at(6 * HOUR), topic=m.topic, payload=m.payload) for m in missing))
    assert judge(house, 6 * HOUR).hours <= 3
    assert hours(house, "received, late, completeness", "device_id = 'a'")[1] == (1, 60, 20, 1.0)
    assert judge(house, 6 * HOUR).hours == 0


def test_a_rule_that_is_switched_on_later_counts_for_the_hours_that_were_judged_without_it(
    house: House, take: Lander
) -> None:
    take(*every(60, 0, 2 * HOUR), said("a", 30, received=30, t=99))
    judge(house, 3 * HOUR)
    rule = {"name": "hot", "kind": "range", "metrics": ["t"], "high": 50, "action": "exclude"}
    house_in(house.paths.root, rules=[rule]).run()
    assert judge(house, 3 * HOUR).hours > 0
    assert hours(house, "excluded")[:2] == [(0, 1), (1, 0)]


def test_whatever_the_order_of_arrival_quality_is_that_of_a_rebuild(house: House, take: Lander, tmp_path: Path) -> None:
    readings = [*every(60, 0, 30 * HOUR), *every(300, 20, 30 * HOUR, device="b", u=2), *every(60, 0, HOUR, device="c")]
    waves = [readings[n::7] for n in (3, 0, 6, 1, 2)]
    for n, wave in enumerate(waves):
        take(*(Message(received_at=at(31 * HOUR), topic=m.topic, payload=m.payload) for m in wave))
        judge(house, (8 + 6 * n) * HOUR)
    other = house_in(tmp_path / "other")
    take_there = Lander(other)
    at_once = [Message(received_at=at(31 * HOUR), topic=m.topic, payload=m.payload) for wave in waves for m in wave]
    take_there(*at_once)
    judge(other, 32 * HOUR)
    for table in ("gold.quality_hourly", "gold.quality_score"):
        assert house.ask(f"select * from {table} order by all") == other.ask(f"select * from {table} order by all")


def test_every_score_follows_from_its_counters(house: House, take: Lander) -> None:
    take(
        registry(-60, {"a": {"site": "north"}, "b": {"site": "north"}, "c": {"site": "south"}}),
        *every(60, 0, 3 * HOUR)[::2],
        *every(60, 0, 3 * HOUR),
        *every(60, 0, 3 * HOUR, device="b"),
        *every(60, 0, 2 * HOUR, device="c"),
        Message(received_at=at(200), topic="devices/c/telemetry", payload=b"?"),
        Message(received_at=at(200), topic="devices", payload=b"?"),
    )
    judge(house, 3 * HOUR)
    rows = house.ask(
        'select scope, name, devices, expected, met, received, "valid", rejected, duplicates, late, inconsistent,'
        " score, band from gold.quality_score order by all"
    )
    assert [row[:3] for row in rows] == [
        ("device", "a", 1), ("device", "b", 1), ("device", "c", 1), ("fleet", "", 3),
        ("route", "devices/{device}/#", 3), ("site", "north", 2), ("site", "south", 1),
    ]  # fmt: skip
    weights = Weights()
    for _, _, _, expected, met, received, valid, rejected, duplicates, late, inconsistent, score, band in rows:
        parts = [
            (weights.completeness, met, expected),
            (weights.validity, valid, received + rejected),
            (weights.uniqueness, received, received + duplicates),
            (weights.timeliness, received - late, received),
            (weights.consistency, received - inconsistent, received),
        ]
        known = [(weight, part / whole) for weight, part, whole in parts if whole]
        wanted = 100 * sum(weight * part for weight, part in known) / sum(weight for weight, _ in known)
        assert score == pytest.approx(wanted)
        assert band == ("good" if score > 95 else "warning" if score >= 80 else "critical")
    assert sum(row[7] for row in rows if row[0] == "fleet") == 2


def test_other_weights_give_other_scores_at_once(house: House, take: Lander) -> None:
    take(*every(60, 0, 2 * HOUR))
    judge(house, 3 * HOUR)
    judge(
        house,
        3 * HOUR,
        Quality(lag_minutes=0, weights=Weights(completeness=1, validity=0, uniqueness=0, timeliness=0, consistency=0)),
    )
    ((score, completeness),) = house.ask("select score, completeness from gold.quality_score where scope = 'fleet'")
    assert score == pytest.approx(100 * completeness)


def test_rejects_are_no_score_before_the_hour_that_they_came_in_is_judged(house: House, take: Lander) -> None:
    """A start just after the full hour, with what was held back from the hour before."""
    bad = [Message(received_at=at(HOUR + s), topic="devices/a/telemetry", payload=b'{"t": ') for s in (5, 70)]
    take(*every(60, HOUR, HOUR + 120), *every(60, HOUR - 300, HOUR, device="b"), *bad)
    scores = "select rejected, score > 0 from gold.quality_score where scope = 'fleet'"
    judge(house, HOUR, EACH_MINUTE)
    assert house.ask(scores) == [(0, True)]
    judge(house, HOUR + 60, EACH_MINUTE)
    assert house.ask(scores) == [(1, True)]
    judge(house, HOUR + 120, EACH_MINUTE)
    assert house.ask(scores) == [(2, True)]


def test_rejects_of_who_says_nothing_else_are_counted_when_their_time_is_judged(house: House, take: Lander) -> None:
    take(*every(60, 0, HOUR + 60))
    judge(house, HOUR + 60, EACH_MINUTE)
    take(Message(received_at=at(HOUR + 90), topic="devices/x/telemetry", payload=b'{"t": '))
    judge(house, HOUR + 80, EACH_MINUTE)
    judge(house, HOUR + 120, EACH_MINUTE)
    assert house.ask("select rejected, score from gold.quality_score where name = 'x'") == [(1, 0.0)]


def test_the_check_tells_of_the_worst_devices(house: House, take: Lander) -> None:
    take(*every(60, 0, 6 * HOUR), *every(60, 0, HOUR, device="b"))
    result = judge(house, 6 * HOUR).checks[-1]
    assert (result.passed, result.critical, [row["device_id"] for row in result.sample]) == (False, False, ["b"])
    assert set(result.facts) == {"score", "completeness", "validity", "uniqueness", "timeliness", "consistency"}
