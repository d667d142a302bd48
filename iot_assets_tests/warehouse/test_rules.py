"""Rules: which readings break which, whatever the order in which they come; what they exclude, no mean counts."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from iot_assets.assets import silver as silver_asset
from iot_assets.sections.rules import DEFAULT, Rule, fault, in_force
from iot_assets.warehouse import bronze, gold
from iot_assets.warehouse.rebuild import forget
from iot_assets.warehouse.replay import Choice
from iot_assets.warehouse.rules import backlog, report
from iot_assets_tests import oracle_rules
from iot_assets_tests.house import RUN, House, house_in
from iot_assets_tests.keeping import export
from iot_assets_tests.lake_builder import NOON, LakeBuilder, at, registry, said
from iot_assets_tests.oracle_rules import Point

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

RANGE = Rule(name="limits", kind="range", metrics=("t",), low=-10, high=40, action="exclude")
SENTINEL = Rule(name="none", kind="sentinel", metrics=("t",), values=(-999,), action="exclude")
SPIKE = Rule(name="spike", kind="spike", metrics=("t",), limit=5, within_s=90, action="exclude")
RATE = Rule(name="rate", kind="rate_of_change", metrics=("t",), limit=0.5, within_s=150)
FLAT = Rule(name="flat", kind="flat_line", metrics=("t",), for_s=300, least=3, action="exclude")
GAP = Rule(name="gap", kind="gap", metrics=("t",), for_s=300)
CLOCK = Rule(name="clock", kind="clock_step", metrics=("t",), within_s=100, limit=10)
ALL = (RANGE, SENTINEL, SPIKE, RATE, FLAT, GAP, CLOCK)


def _value(metric: str, value: float) -> dict[str, Any]:
    return {metric: value}


class Place:
    """A house with these rules in force, and a lander before it."""

    def __init__(self, folder: Path, rules: Sequence[Rule]) -> None:
        self.house: House = house_in(folder)
        self.rules = rules
        self.lander = LakeBuilder(self.house.paths)

    def take(self, *readings: tuple[float, ...], metric: str = "t") -> None:
        """Land these readings (seconds after noon, value, seconds of receipt or not) in a file; update the tables."""
        messages = [said("d1", s, received=next(iter(rest), 7200 + s), **_value(metric, v)) for s, v, *rest in readings]
        if messages:
            self.lander.make(messages).place()
        self.run()

    def run(self) -> gold.Healed:
        """Bring the tables up to date."""
        with self.house.open() as connection:
            list(bronze.enter(connection, self.house.paths, run_id=RUN, most_messages=1000))
            silver_asset.settle_pending(connection, self.house.settings, RUN)
            return gold.heal(connection, run_id=RUN, judged_by=self.rules)

    def hits(self) -> list[tuple[Any, ...]]:
        """Seconds after noon, rule, measure, bound of each hit."""
        found = self.house.ask("select event_at, rule, measure, bound from gold.rule_hits")
        return sorted(((when - NOON).total_seconds(), *rest) for when, *rest in found)

    def counted(self) -> tuple[Any, ...]:
        """n_valid, n_excluded and mean of the day."""
        found = self.house.ask("select n_valid, n_excluded, mean from gold.readings_1d")
        assert len(found) == 1
        return found[0]


def test_a_value_at_the_limit_is_right_and_one_beyond_is_not(tmp_path: Path) -> None:
    place = Place(tmp_path, [RANGE])
    place.take((0, -10), (1, 40), (2, -10.5), (3, 40.5))
    assert place.hits() == [(2, "limits", -10.5, -10), (3, "limits", 40.5, 40)]
    assert place.counted() == (2, 2, 15.0)


def test_what_only_warns_is_listed_and_counts(tmp_path: Path) -> None:
    place = Place(tmp_path, [RANGE.model_copy(update={"action": "warn"})])
    place.take((0, 10), (1, 50))
    assert len(place.hits()) == 1
    assert place.counted() == (2, 0, 30.0)


def test_the_newest_reading_names_the_rules_that_it_breaks(tmp_path: Path) -> None:
    place = Place(tmp_path, [RANGE.model_copy(update={"action": "warn"}), RATE, GAP])
    place.take((0, 10), (60, 50))
    newest = "select rules from gold.latest"
    assert place.house.ask(newest) == [(["limits", "rate"],)]
    place.take((30, 40))
    assert place.house.ask(newest) == [(["limits"],)]
    place.take((400, 10))
    assert place.house.ask(newest) == [(["gap"],)]
    place.rules = []
    place.run()
    assert place.house.ask(newest) == [([],)]


def test_a_rule_of_action_fail_fails_the_check_for_a_while_and_the_readings_count(tmp_path: Path) -> None:
    place = Place(tmp_path, [RANGE.model_copy(update={"action": "fail"}), RATE])
    place.take((0, 10), (60, 50), (7000, 60))
    assert place.counted() == (3, 0, 40.0)
    with place.house.open() as connection:
        young = report.check(connection, at(7200), warn_hours=24)
        old = report.check(connection, at(7060 + 3600), warn_hours=1)
    assert not young.passed
    assert (young.failing, [row["value"] for row in young.sample]) == (2, [60, 50])
    assert young.facts == {
        "hits_last_hour": 1,
        "hits_last_day": 3,
        "days_to_judge": 0,
        "limits_last_day": 2,
        "rate_last_day": 1,
    }
    assert old.passed
    assert old.facts["hits_last_day"] == 3


def test_a_quarantined_reading_waits_among_the_rejects_until_a_replay_by_other_rules(tmp_path: Path) -> None:
    keep_out = Rule(name="out", kind="range", metrics=("t",), low=0, high=40, action="quarantine")
    house = house_in(tmp_path, rules=(keep_out,))
    lander = LakeBuilder(house.paths)
    lander.land(said("d1", 0, t=-5, u=1), said("d1", 1, t=50), said("d1", 2, t=40), said("d1", 2, t=40, received=3))
    house.run()
    assert house.ask("select metric, value from silver.readings order by all") == [("t", 40), ("u", 1)]
    assert house.ask("select reason, detail, device_id from silver.rejects order by received_at") == [
        ("quarantined", "t = -5.0 breaks rule out (limit 0.0)", "d1"),
        ("quarantined", "t = 50.0 breaks rule out (limit 40.0)", "d1"),
    ]
    outcomes = house.ask("select outcome, readings from silver.outcomes order by received_at")
    assert outcomes == [("telemetry", 1), ("rejected", 0), ("telemetry", 1), ("duplicate", 1)]
    other = house.settings.model_copy(update={"rules": (keep_out.model_copy(update={"high": 60.0}),)})
    with house.open() as connection:
        silver_asset.replay_rejects(connection, other, Choice(reason="quarantined"), RUN)
    assert house.ask("select metric, value from silver.readings order by all") == [("t", 40), ("t", 50), ("u", 1)]
    assert house.ask("select attempts from silver.rejects") == [(2,)]


def test_a_rule_says_nothing_of_other_metrics(tmp_path: Path) -> None:
    place = Place(tmp_path, ALL)
    place.take((0, -999), (1, 500), metric="other")
    assert place.hits() == []


def test_a_step_is_no_spike_and_a_jump_of_just_the_limit_neither(tmp_path: Path) -> None:
    place = Place(tmp_path, [SPIKE])
    place.take((0, 10), (60, 20), (120, 20), (180, 15), (240, 20))
    assert place.hits() == []


def test_a_late_neighbour_clears_a_spike_and_brings_it_back_into_the_mean(tmp_path: Path) -> None:
    place = Place(tmp_path, [SPIKE])
    place.take((0, 10), (60, 20), (120, 10))
    assert place.hits() == [(60, "spike", 10, 5)]
    assert place.counted() == (2, 1, 10.0)
    place.take((90, 20))
    assert place.hits() == []
    assert place.counted() == (4, 0, 15.0)


def test_what_is_excluded_for_its_value_alone_is_nobodys_neighbour(tmp_path: Path) -> None:
    place = Place(tmp_path, [SPIKE, RATE, RANGE])
    place.take((0, 10), (60, 10))
    place.take((90, 99))
    place.take((120, 11))
    place.take((150, 60))
    place.take((180, 17))
    assert place.hits() == [(90, "limits", 99, 40), (150, "limits", 60, 40)]
    place.take((240, 11))
    assert place.hits() == [(90, "limits", 99, 40), (150, "limits", 60, 40), (180, "spike", 6, 5)]


def test_neighbours_too_far_away_do_not_count(tmp_path: Path) -> None:
    place = Place(tmp_path, [SPIKE, RATE])
    place.take((0, 0), (151, 100), (302, 0))
    assert place.hits() == []


def test_a_changed_rule_takes_its_old_hits_with_it(tmp_path: Path) -> None:
    place = Place(tmp_path, [RANGE])
    place.take((0, 10), (1, 50))
    place.rules = [RANGE.model_copy(update={"high": 60.0})]
    place.run()
    assert place.hits() == []
    assert place.counted() == (2, 0, 30.0)
    place.rules = [RANGE]
    place.run()
    assert place.counted() == (1, 1, 10.0)
    place.rules = []
    place.run()
    assert place.hits() == []
    assert place.counted() == (2, 0, 30.0)
    assert place.run().written == {}


def test_days_in_the_lake_are_judged_by_other_rules_too_and_only_what_changes_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path, [])
    place.take(*((86_400.0 * day + s, v) for day in range(3) for s, v in ((0, 10), (60, 30 + day), (120, 11))))
    export(place.house, hot_days=1)
    assert place.house.ask("select count(*) from silver.readings") == [(0,)]
    monkeypatch.setattr(backlog, "MOST", 4)
    place.rules = [SPIKE.model_copy(update={"limit": 20}), GAP]
    place.run()
    assert [hit[0] for hit in place.hits()] == [172_800, 172_860]
    assert place.house.ask("select count(*) from ops.unjudged_days") == [(2,)]
    place.run()
    place.run()
    assert place.run().written == {}
    assert [hit[0] for hit in place.hits()] == [86_400, 172_800, 172_860]
    assert place.house.ask("select n_valid from gold.readings_1d order by bucket_at") == [(3,), (3,), (2,)]
    assert place.house.ask("select count(*) from silver.readings") == [(3,)]


def test_what_stays_the_same_is_flat_from_the_moment_on_when_it_has_lasted_so_long(tmp_path: Path) -> None:
    place = Place(tmp_path, [FLAT])
    place.take((0, 5), (100, 7), (200, 7), (300, 7), (399, 7), (400, 7))
    assert place.hits() == [(400, "flat", 300, 300)]
    place.take((250, 8))
    assert place.hits() == []
    assert place.counted()[:2] == (7, 0)


def test_few_readings_are_not_flat_and_a_tolerance_lets_them_differ(tmp_path: Path) -> None:
    place = Place(tmp_path, [FLAT.model_copy(update={"tolerance": 0.5, "least": 4, "action": "warn"})])
    place.take((0, 7), (300, 7), (310, 7.25), (320, 7.5), (330, 6.75))
    assert place.hits() == [(320, "flat", 320, 300)]


def test_hours_that_tell_of_change_spare_the_reading_of_what_came_before(tmp_path: Path) -> None:
    day = FLAT.model_copy(update={"for_s": 6 * 3600.0})
    place = Place(tmp_path, [day])
    place.take(*((600.0 * n, 20 + n % 2) for n in range(60)))
    place.take(*((36000 + 600.0 * n, 20) for n in range(38)))
    assert [hit[0] for hit in place.hits()] == [36000 + 600 * 36, 36000 + 600 * 37]
    place.take((36000 + 600.0 * 38, 20))
    assert len(place.hits()) == 3


def test_a_gap_stands_where_it_ends_and_goes_when_it_is_filled_late(tmp_path: Path) -> None:
    place = Place(tmp_path, [GAP])
    place.take((0, 1), (300, 1))
    place.take((601, 1))
    assert place.hits() == [(601, "gap", 301, 300)]
    place.take((86_400 * 3, 1))
    assert place.hits()[1:] == [(86_400 * 3, "gap", 86_400 * 3 - 601, 300)]
    place.take((400, 1), (86_400, 1))
    assert [hit[0] for hit in place.hits()] == [86_400, 86_400 * 3]


def test_what_a_rule_excludes_is_a_sign_of_life_all_the_same(tmp_path: Path) -> None:
    place = Place(tmp_path, [GAP, SENTINEL])
    place.take((0, 1), (200, -999))
    place.take((400, -999))
    place.take((600, 1))
    assert [hit[1] for hit in place.hits()] == ["none", "none"]
    place.take((901, -999))
    assert (901, "gap", 301, 300) in place.hits()


def test_a_gap_may_be_as_long_as_the_device_is_used_to_be_silent(tmp_path: Path) -> None:
    place = Place(tmp_path, [GAP.model_copy(update={"intervals": 3.0})])
    halves = [1800.0 * n for n in range(24)]
    place.take(*((s, 1) for s in halves))
    place.take((86_400, 1), (86_400 + 5400, 1), (86_400 + 5400 + 5401, 1))
    # The night between the two days is longer than three times its half hours, which the first day has taught.
    assert place.hits() == [(86_400, "gap", 86_400 - 41_400, 5400), (86_400 + 10_801, "gap", 5401, 5400)]
    place.take(*((900 + s, 1) for s in halves))
    assert [round(bound) for *_, bound in place.hits()] == [2700, 2700, 2700]


def test_the_declared_interval_stands_above_what_was_learned(tmp_path: Path) -> None:
    place = Place(tmp_path, [GAP.model_copy(update={"intervals": 2.0})])
    place.lander.make([registry(0, {"d1": {"expected_interval_s": 200}})]).place()
    place.take((0, 1), (400, 1), (801, 1))
    assert place.hits() == [(801, "gap", 401, 400)]


def test_a_clock_step_is_seen_in_the_order_of_arrival(tmp_path: Path) -> None:
    place = Place(tmp_path, [CLOCK])
    place.take((0, 1, 1000), (60, 1, 1060), (20, 1, 1120), (80, 1, 1180))
    assert place.hits() == [(20, "clock", 40, 10)]
    # What was received between the two was found late: now the step is from that.
    place.take((35, 1, 1090))
    assert place.hits() == [(20, "clock", 15, 10), (35, "clock", 25, 10)]
    place.take((500, 1, 1281), (100, 1, 1382))
    assert len(place.hits()) == 2


@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_order_of_arrival_hits_and_means_are_those_of_the_oracle(tmp_path: Path, seed: int) -> None:
    drawn = random.Random(seed)
    times = drawn.sample(range(0, 90_000, 20), 30) + drawn.sample(range(40_000, 43_600, 20), 60)
    received = drawn.sample(range(200_000, 200_900), 90)
    values = [drawn.choice([10, 10, 10, 11, 14, 18, 30, 45, -999]) for _ in times]
    readings = [(float(s), float(v), float(r)) for s, v, r in zip(dict.fromkeys(times), values, received, strict=False)]
    readings.sort(key=lambda one: one[0] if seed % 2 else one[2] + drawn.choice([0, 0, 500]))
    rules = (*ALL, GAP.model_copy(update={"name": "own", "intervals": 1.0}))
    place = Place(tmp_path, rules)
    for start in range(0, 90, 12):
        place.take(*readings[start : start + 12])
    noon = int(NOON.timestamp())
    series = [
        Point(at=(noon + int(s)) * 1_000_000, value=v, received=(noon + int(r)) * 1_000_000) for s, v, r in readings
    ]
    expected = oracle_rules.hits(series, rules)
    assert place.hits() == sorted((p.at / 1_000_000 - noon, r.name, pytest.approx(m), b) for p, r, m, b in expected)
    out = {point for point, rule, _, _ in expected if rule.action == "exclude"}
    assert place.house.ask("select sum(n_valid), sum(n_excluded) from gold.readings_1d") == [
        (len(series) - len(out), len(out))
    ]
    before = place.hits()
    with place.house.open() as connection:
        forget(connection, at(200_000).date())
    place.run()
    assert place.hits() == before
    place.rules = []
    place.run()
    place.rules = rules
    place.run()
    assert place.hits() == before


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"kind": "spike"}, "needs limit"),
        ({"kind": "range", "low": 2, "high": 1}, "low is above high"),
        ({"kind": "sentinel", "values": [1], "limit": 2}, "sentinel has no limit"),
        ({"kind": "gap", "for_s": 600, "action": "exclude"}, "excludes nothing"),
        ({"kind": "spike", "limit": 1, "action": "quarantine"}, "spike needs neighbours"),
    ],
)
def test_a_wrong_declaration_is_refused_with_what_is_wrong(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Rule(name="it", metrics=("t",), **wrong)


def test_a_declared_rule_takes_the_place_of_the_built_in_one_of_its_name() -> None:
    first = DEFAULT[0]
    off = first.model_copy(update={"enabled": False})
    assert first.name in {rule.name for rule in in_force(())}
    assert first.name not in {rule.name for rule in in_force([off])}
    assert fault((first, first)) is not None
