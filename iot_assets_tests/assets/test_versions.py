"""Code versions: what shows as out of date when code or settings change, and what brings it up to date again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
from code_parts import essence
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleCauseCategory
from dagster._core.loader import LoadingContextForTest

from iot_assets.assets import versions
from iot_assets.sections.rules import Rule
from iot_assets.settings import Route
from iot_assets.warehouse.tables import TABLES
from iot_assets_tests.dagster_house import DagsterHouse
from iot_assets_tests.lake_builder import LakeBuilder, said

if TYPE_CHECKING:
    from iot_assets_tests.house import House

SILVER = {name.replace(".", "/") for name in TABLES if name.startswith("silver.")}


@pytest.fixture
def here(dagster_house: DagsterHouse) -> DagsterHouse:
    """A house with two readings, run once."""
    return _run_once(dagster_house)


@pytest.fixture
def kept(house: House, tmp_path: Path) -> Iterator[DagsterHouse]:
    """The same on an instance that keeps its history in files."""
    folder = tmp_path / "dagster"
    folder.mkdir()
    with dg.DagsterInstance.local_temp(str(folder)) as instance:
        yield _run_once(DagsterHouse(house, instance))


def _run_once(made: DagsterHouse) -> DagsterHouse:
    LakeBuilder(made.house.paths).land(said("a", 0, t=1), said("a", 1, t=999))
    made.minute()
    return made


def with_settings(here: DagsterHouse, **settings: Any) -> DagsterHouse:
    """The same house and history under other settings."""
    house = replace(here.house, settings=here.house.settings.model_copy(update=settings))
    return DagsterHouse(house, here.instance)


def outdated(here: DagsterHouse) -> set[str]:
    """Assets that Dagster's page shows as out of date by their code version."""
    graph = here.defs.get_repository_def().asset_graph
    resolver = CachingStaleStatusResolver(here.instance, graph, LoadingContextForTest(here.instance))
    return {
        key.to_user_string()
        for key in graph.materializable_asset_keys
        if any(cause.category == StaleCauseCategory.CODE for cause in resolver.get_stale_causes(key))
    }


RULE = Rule(name="hot", kind="range", metrics=("t",), high=100, action="exclude")
ROLLUPS = {"gold/readings_1min", "gold/readings_1h", "gold/readings_1d"}


def test_after_a_run_nothing_is_out_of_date(here: DagsterHouse) -> None:
    assert outdated(here) == set()
    here.minute()
    assert outdated(here) == set()


def test_a_changed_rule_outdates_what_it_makes_and_materializing_that_brings_it_up(kept: DagsterHouse) -> None:
    counted = "select n_valid, n_excluded from gold.readings_1h"
    assert kept.house.ask(counted) == [(2, 0)]
    there = with_settings(kept, rules=(RULE,))
    assert ROLLUPS | {"gold/rule_hits"} <= outdated(there)
    assert outdated(there) & SILVER == set()
    there.minute(select=["gold/rule_hits"])
    assert outdated(there) == set()
    assert kept.house.ask(counted) == [(1, 1)]
    assert kept.house.ask("select rule, value from gold.rule_hits") == [("hot", 999.0)]


def test_other_routes_outdate_silver_until_every_landed_day_is_rebuilt(here: DagsterHouse) -> None:
    route = Route(topic="devices/{device}/#", convention="flat_json", options={"rename": {"t": "temperature"}})
    there = with_settings(here, routes=(route,))
    assert outdated(there) == SILVER
    LakeBuilder(there.house.paths, start_ms=1_770_000_000_000).land(said("a", 90_000, t=2))
    there.minute()
    assert outdated(there) == SILVER, "new rows are made by the new routes, old ones are as they were"
    assert there.metadata("silver/readings")["days_of_other_code"] == 1
    assert set(there.house.ask("select metric, value from silver.readings")) == {
        ("t", 1.0),
        ("t", 999.0),
        ("temperature", 2.0),
    }
    there.job("rebuild", partition_key="2025-11-12")
    there.minute()
    assert outdated(there) == set()
    assert {row[0] for row in there.house.ask("select metric from silver.readings")} == {"temperature"}


def test_other_code_outdates_its_tables_until_every_landed_day_is_rebuilt(
    here: DagsterHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = versions._code()
    monkeypatch.setattr(versions, "_code", lambda: MappingProxyType({**before, "rollups": "other"}))
    assert outdated(here) == ROLLUPS
    here.minute()
    assert outdated(here) == ROLLUPS
    here.job("rebuild", partition_key="2025-11-12")
    here.minute()
    assert outdated(here) == set()


def test_every_table_of_bronze_silver_and_gold_has_a_version_but_the_logs(here: DagsterHouse) -> None:
    versioned = {
        key.to_user_string()
        for key in here.defs.get_repository_def().asset_graph.materializable_asset_keys
        if here.defs.get_repository_def().asset_graph.get(key).code_version is not None
    }
    tables = {name.replace(".", "/") for name, table in TABLES.items() if table.schema != "ops"}
    assert versioned == tables - {"gold/alerts", "gold/quality_log"}


@pytest.mark.parametrize(
    ("suffix", "one", "other"),
    [
        (".sql", "select a,  b\nfrom t", "-- why\nselect a, b -- here\n  from t"),
        (".py", '"""What."""\nx = 1\n', '"""Otherwise."""\n\n# why\nx = 1  # here\n'),
        (".py", 'def f():\n    """Do."""\n    return "# no"\n', 'def f():\n    return "# no"\n'),
    ],
)
def test_words_about_the_code_do_not_count(suffix: str, one: str, other: str) -> None:
    assert essence(suffix, one) == essence(suffix, other)


@pytest.mark.parametrize(
    ("suffix", "one", "other"),
    [
        (".sql", "select 'a  b'", "select 'a b'"),
        (".sql", "select '-- a'", "select '-- b'"),
        (".py", "if x:\n    y()\nz()\n", "if x:\n    y()\n    z()\n"),
        (".py", 'x = "# a"\n', 'x = "# b"\n'),
    ],
)
def test_what_the_code_says_counts(suffix: str, one: str, other: str) -> None:
    assert essence(suffix, one) != essence(suffix, other)
