"""Retention: what the lake holds anyway goes after its days; figures, books and registries stay."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from iot_assets.warehouse.prune import prune
from iot_assets_tests.lake_builder import NOON, LakeBuilder, registry, said

if TYPE_CHECKING:
    from iot_assets_tests.house import House


def test_old_messages_and_outcomes_go_and_everything_else_stays(house: House) -> None:
    now = (datetime.now(UTC) - NOON).total_seconds()
    lake = LakeBuilder(house.paths)
    lake.land(registry(-1, {"a": {}}), said("a", 0, t=1))
    lake.land(said("a", now, t=2))
    house.run()
    before = house.tables()
    with house.open() as connection:
        pruned = prune(connection, bronze_days=2)
    assert (pruned.messages, pruned.outcomes) == (1, 2)
    after = house.tables()
    assert [row[1] for row in after["bronze.messages"]] in (["registry", "mqtt"], ["mqtt", "registry"])
    kept = {name for name in before if name not in {"bronze.messages", "silver.outcomes"}}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


def test_what_silver_and_gold_have_not_dealt_with_stays(house: House) -> None:
    from iot_assets.warehouse import bronze

    LakeBuilder(house.paths).land(said("a", 0, t=1))
    with house.open() as connection:
        list(bronze.enter(connection, house.paths, run_id="r", most_messages=1000))
        assert prune(connection, bronze_days=1).messages == 0
    house.run()
    assert house.ask("select value from silver.readings") == [(1.0,)]


def test_pruned_days_can_be_rebuilt_from_the_lake(house: House) -> None:
    LakeBuilder(house.paths).land(said("a", 0, t=1), said("a", 0, received=1, t=1))
    house.run()
    before = house.tables()
    with house.open() as connection:
        prune(connection, bronze_days=1)
    house.rebuild(NOON.date())
    assert house.tables() == before


def test_pruning_twice_finds_nothing_more(house: House) -> None:
    LakeBuilder(house.paths).land(said("a", 0, t=1))
    house.run()
    with house.open() as connection:
        prune(connection, bronze_days=1)
        again = prune(connection, bronze_days=1)
    assert (again.messages, again.outcomes) == (0, 0)
    assert house.run() == []
