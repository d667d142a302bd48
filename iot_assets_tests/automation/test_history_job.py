"""The jobs that keep the house small: history, hourly, and compact, by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import duckdb
import pytest

from iot_assets.errors import InUseError, StorageError
from iot_assets.lake.paths import list_landed
from iot_assets.warehouse.prune import prune
from iot_assets.warehouse.rewrite import rewrite
from iot_assets.warehouse.tables import TABLES
from iot_assets_tests.house import House
from iot_assets_tests.keeping import tables_with_lake
from iot_assets_tests.lake_builder import NOON, LakeBuilder, said

if TYPE_CHECKING:
    from iot_assets_tests.dagster_house import DagsterHouse

DAYS: Final = 50
#: Seconds from the lake builder's noon to noon of so many days ago.
LONG_AGO: Final = ((datetime.now(UTC) - timedelta(days=DAYS)).replace(hour=12) - NOON).total_seconds()


def long_ago(house: House) -> None:
    lake = LakeBuilder(house.paths)
    for n in range(3):
        lake.land(said("a", LONG_AGO + n, t=n))
    house.run()


def test_an_hour_moves_what_is_old_to_the_lake_joins_files_and_publishes_where_they_are(
    dagster_house: DagsterHouse,
) -> None:
    house = dagster_house.house
    long_ago(house)
    house.publish()
    before = house.tables()
    dagster_house.job("history")
    assert house.ask("select count(*) from silver.readings") == [(0,)]
    assert tables_with_lake(house)["silver.readings"] == before["silver.readings"]
    assert len([file for file in list_landed(house.paths) if file.joined]) == 1
    with duckdb.connect(str(house.paths.serving), read_only=True) as serving:
        assert serving.execute("select count(*) from silver.readings").fetchall() == [(3,)]
        assert serving.execute("select count(*) from bronze.files where state = 'entered'").fetchall() == [(1,)]
    assert not house.publish().changed
    dagster_house.job("history")
    assert not house.publish().changed
    assert dagster_house.metadata("serving")["news"] == "nothing new"


def test_compact_gives_back_what_deletes_have_freed_and_keeps_everything_else(dagster_house: DagsterHouse) -> None:
    house = dagster_house.house
    LakeBuilder(house.paths).land(*(said(f"device_{n % 100}", n, t=n) for n in range(12_000)))
    house.run()
    with house.open() as connection:
        prune(connection, bronze_days=1)
    before, size = house.tables(), house.paths.warehouse.stat().st_size
    columns = "select table_name, column_name, data_type, is_nullable, comment from duckdb_columns() order by all"
    declared = house.ask(columns)
    dagster_house.job("compact")
    assert house.paths.warehouse.stat().st_size < size
    assert house.tables() == before
    assert house.ask(columns) == declared
    LakeBuilder(house.paths, start_ms=1_770_000_000_000).land(said("a", 0, t=1))
    dagster_house.minute()
    assert len(house.ask("select 1 from duckdb_tables() where schema_name <> 'main'")) == len(TABLES) + 1
    assert sorted(p.name for p in house.paths.root.glob("iot.duckdb*")) == ["iot.duckdb", "iot.duckdb.lock"]


def test_compact_with_what_an_earlier_one_left_behind(house: House) -> None:
    long_ago(house)
    before = house.tables()
    left = house.paths.warehouse.with_name("iot.duckdb.rewriting")
    left.write_bytes(b"half")
    left.with_name(left.name + ".wal").write_bytes(b"half")
    rewrite(house.warehouse)
    assert house.tables() == before
    assert not left.exists()


def test_a_rewrite_for_which_there_is_no_room_leaves_the_file_as_it_was(house: House) -> None:
    long_ago(house)
    before = house.tables()
    house.paths.warehouse.with_name("iot.duckdb.rewriting").mkdir()
    with pytest.raises(StorageError, match="cannot rewrite"):
        rewrite(house.warehouse)
    assert house.tables() == before


def test_a_rewrite_leaves_the_file_alone_where_somebody_else_has_begun_to_write_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago(house)
    wal = house.paths.warehouse.with_name("iot.duckdb.wal")
    monkeypatch.setattr("iot_assets.warehouse.rewrite._copy", lambda *_: wal.write_bytes(b"somebody's"))
    inode = house.paths.warehouse.stat().st_ino
    with pytest.raises(InUseError):
        rewrite(house.warehouse)
    assert house.paths.warehouse.stat().st_ino == inode
    wal.unlink()
