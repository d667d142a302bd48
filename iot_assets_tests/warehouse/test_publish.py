"""The published copy: only when something changed, whole or recent, described, and swapped in one piece."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from iot_assets.errors import StorageError
from iot_assets.lake.paths import list_landed
from iot_assets.serving.ledger import published_paths
from iot_assets.warehouse import export
from iot_assets.warehouse.publish import SPANNED, WHOLE
from iot_assets_tests.lake_builder import NOON, LakeBuilder, Message, said

if TYPE_CHECKING:
    from iot_assets_tests.house import House


def ask(house: House, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(house.paths.serving), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def over_days(days: int) -> list[Message]:
    """A reading a day, up to this very moment."""
    now = (datetime.now(UTC) - NOON).total_seconds()
    return [said("a", now - 86_400 * n - 60, received=now - n / 1000, t=n) for n in range(days)]


def test_every_published_table_holds_what_the_warehouse_holds(house: House) -> None:
    LakeBuilder(house.paths).land(
        said("a", 0, t=1), said("a", 0, received=1, t=2), Message(received_at=NOON, topic="x", payload=b"")
    )
    house.run()
    published = house.publish()
    for table in (*WHOLE, *SPANNED.values()):
        rows = f"select * from {table.full_name} order by all"
        assert ask(house, rows) == house.ask(rows)
        assert published.rows[table.full_name] == len(ask(house, rows))
    assert published.bytes == house.paths.serving.stat().st_size


def test_nothing_new_is_nothing_published(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(said("a", 0, t=1))
    house.run()
    assert house.publish().changed
    before = house.paths.serving.stat().st_ino
    house.run()
    assert not house.publish().changed
    assert house.paths.serving.stat().st_ino == before
    lake.land(said("a", 1, t=1))
    house.run()
    assert house.publish().changed


def test_a_warehouse_made_anew_is_published_again(house: House) -> None:
    LakeBuilder(house.paths).land(said("a", 0, t=1))
    house.run()
    house.publish()
    house.paths.warehouse.unlink()
    house.run()
    assert house.publish().changed


def test_the_published_ledger_says_which_files_are_in_it(house: House) -> None:
    lake = LakeBuilder(house.paths)
    assert published_paths(house.paths) == frozenset()
    lake.land(said("a", 0, t=1))
    house.run()
    house.publish()
    known = published_paths(house.paths)
    lake.land(said("a", 1, t=1))
    assert known == {file.path for file in list_landed(house.paths) if file.segment == 0}


def test_of_long_tables_that_the_lake_lacks_recent_days_are_published_and_older_ones_as_far_as_that_is_quick(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iot_assets.warehouse.spanned._CHANGED_ROWS", 2)
    LakeBuilder(house.paths).land(*over_days(9))
    house.run()
    house.publish(whole_rows=5, recent_days=1)
    (count,) = ask(house, "select count(*) from silver.readings")[0]
    assert 3 <= count <= 4
    assert ask(house, "select max(event_at) from silver.readings") == house.ask(
        "select max(event_at) from silver.readings"
    )
    assert 3 <= ask(house, "select sum(n) from gold.readings_1h")[0][0] <= 4


def test_days_in_the_lake_and_days_healed_since_are_published_as_they_are_now(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(*over_days(9))
    house.run()
    with house.open() as connection:
        exported = export.export(connection, closed_after=timedelta(0), hot_days=2, grace=timedelta(hours=1))
    assert exported.written > 0
    assert exported.evicted > 0
    house.publish(whole_rows=0, recent_days=1)
    assert ask(house, "select sum(value) from silver.readings") == [(36.0,)]
    now = (datetime.now(UTC) - NOON).total_seconds()
    lake.land(
        said("a", now - 86_400 * 5 - 60, received=now, t=100), said("a", now - 86_400 * 5 - 61, received=now, t=7)
    )
    house.run()
    house.publish(whole_rows=0, recent_days=1)
    assert ask(house, "select count(*), max(value) from silver.readings") == [(11, 100.0)]
    assert ask(house, "select sum(n) from gold.readings_1min") == [(11,)]


def test_the_published_tables_carry_their_meaning(house: House) -> None:
    house.publish()
    assert ask(
        house, "select count(*) from duckdb_columns() where comment is null and schema_name <> 'ops' and not internal"
    ) == [(0,)]


def test_a_file_that_is_no_publication_is_replaced(house: House) -> None:
    house.paths.serving.write_bytes(b"something else")
    house.publish()
    assert ask(house, "select count(*) from gold.latest") == [(0,)]


def test_what_a_killed_publication_left_behind_is_no_obstacle(house: House) -> None:
    house.paths.serving.with_name("serving.duckdb.tmp").write_bytes(b"half")
    house.paths.serving.with_name("serving.duckdb.tmp.wal").write_bytes(b"half")
    assert house.publish().changed
    assert [p.name for p in house.paths.root.glob("serving*")] == ["serving.duckdb"]


def test_a_publication_that_cannot_be_written_says_so_and_keeps_the_old_one(house: House) -> None:
    LakeBuilder(house.paths).land(said("a", 0, t=1))
    house.publish()
    before = house.paths.serving.read_bytes()
    house.run()
    house.paths.serving.with_name("serving.duckdb.tmp").mkdir()
    with pytest.raises(StorageError, match="cannot publish"):
        house.publish()
    assert house.paths.serving.read_bytes() == before
