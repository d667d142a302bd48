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
from iot_assets_tests import oracle_rules
from iot_assets_tests.house import RUN, House, house_in
from iot_assets_tests.lake_builder import NOON, LakeBuilder, at, said

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

RANGE = Rule(name="limits", kind="range", metrics=("t",), low=-10, high=40, action="exclude")
SENTINEL = Rule(name="none", kind="sentinel", metrics=("t",), values=(-999,), action="exclude")
SPIKE = Rule(name="spike", kind="spike", metrics=("t",), limit=5, within_s=90, action="exclude")
RATE = Rule(name="rate", kind="rate_of_change", metrics=("t",), limit=0.5, within_s=150)
ALL = (RANGE, SENTINEL, SPIKE, RATE)


def _value(metric: str, value: float) -> dict[str, Any]:
    return {metric: value}


class Place:
    """A house with these rules in force, and a lander before it."""

    def __init__(self, folder: Path, rules: Sequence[Rule]) -> None:
        self.house: House = house_in(folder)
        self.rules = rules
        self.lander = LakeBuilder(self.house.paths)

    def take(self, *readings: tuple[float, float], metric: str = "t") -> None:
        """Land these readings (seconds after noon, value) in one file and bring the tables up to date."""
        messages = [said("d1", s, received=7200, **_value(metric, v)) for s, v in readings]
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


@pytest.mark.parametrize("seed", range(6))
def test_whatever_the_order_of_arrival_hits_and_means_are_those_of_the_oracle(tmp_path: Path, seed: int) -> None:
    drawn = random.Random(seed)
    times = drawn.sample(range(0, 3600, 20), 60)
    readings = [(float(s), float(drawn.choice([10, 11, 14, 18, 30, 45, -999]))) for s in times]
    place = Place(tmp_path, ALL)
    for start in range(0, 60, 15):
        place.take(*readings[start : start + 15])
    expected = oracle_rules.hits(readings, ALL)
    assert [(s, r, pytest.approx(m), b) for s, r, m, b in expected] == place.hits()
    out = {s for s, rule, _, _ in expected if rule != RATE.name}
    kept = [value for s, value in readings if s not in out]
    assert place.counted() == (len(kept), 60 - len(kept), pytest.approx(sum(kept) / len(kept)))
    before = place.hits()
    with place.house.open() as connection:
        forget(connection, at(7200).date())
    place.run()
    assert place.hits() == before


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"kind": "spike"}, "needs limit"),
        ({"kind": "range", "low": 2, "high": 1}, "low is above high"),
        ({"kind": "sentinel", "values": [1], "limit": 2}, "sentinel has no limit"),
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
