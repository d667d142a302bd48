"""An upgrade: a data folder as an older version left it is taken up where that one ended.

``data-0006.tar.xz`` is what the version with six migrations made of eighteen messages: warehouse and lake. It is never
made anew: it stands for the files that people have.
"""

from __future__ import annotations

import tarfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from iot_assets.warehouse.migrate import all_migrations
from iot_assets_tests.house import House, house_in
from iot_assets_tests.lake_builder import LakeBuilder, said

if TYPE_CHECKING:
    from collections.abc import Callable

OLD: Final = Path(__file__).with_name("data-0006.tar.xz")
DAYS: Final = (date(2025, 11, 12), date(2025, 11, 13))


@pytest.fixture
def old(tmp_path: Path) -> House:
    with tarfile.open(OLD) as archive:
        archive.extractall(tmp_path, filter="data")
    return house_in(tmp_path / "data")


def rows(house: House, sql: str) -> list[tuple[object, ...]]:
    return house.ask(sql)


def test_an_old_warehouse_is_migrated_and_has_lost_nothing(old: House) -> None:
    assert rows(old, "select max(number) from ops.migrations") == [(len(all_migrations()),)]
    assert rows(old, "select count(*), sum(value) from silver.readings where value is not null") == [(22, 748.5)]
    assert rows(old, "select count(*) from silver.rejects") == [(2,)]
    assert rows(old, "select value from gold.latest where device_id = 'a' and metric = 't'") == [(19.5,)]


def test_what_comes_after_the_upgrade_joins_what_was_there(old: House) -> None:
    again = LakeBuilder(old.paths, start_ms=1_770_000_000_000)
    again.land(said("a", 0, received=90_000, t=20), said("a", 90_000, t=18), said("a", 180, received=90_010, t=60))
    old.run()
    assert rows(
        old, "select n, \"last\" from gold.readings_1d where metric = 't' and device_id = 'a' order by bucket_at"
    ) == [
        (10, 29.0),
        (2, 18.0),
    ]
    # Said before the upgrade and again after it: a duplicate; another value for that minute: a correction.
    assert rows(
        old, "select count(*) from silver.corrections where event_at = timestamptz '2025-11-12 12:03:00+00'"
    ) == [(1,)]
    old.publish()


@pytest.mark.parametrize("then", [lambda house: None, lambda house: house.publish()], ids=["at once", "published"])
def test_a_rebuild_fills_the_new_tables_as_if_they_had_always_been_there(
    old: House, tmp_path: Path, then: Callable[[House], object]
) -> None:
    then(old)
    for day in DAYS:
        old.rebuild(day)
    fresh = house_in(tmp_path / "fresh")
    fresh.paths.root.mkdir()
    old.paths.lake.rename(fresh.paths.lake)
    fresh.run()
    expected = fresh.tables()
    found = old.tables()
    assert {name for name in found if found[name] != expected[name]} == set()
    assert expected["silver.duplicate_counts"]


def test_a_new_version_publishes_what_the_old_one_made(old: House) -> None:
    assert old.publish().rows["silver.readings"] == 23
