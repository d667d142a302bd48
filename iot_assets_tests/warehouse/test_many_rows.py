"""More rows than DuckDB keeps in one group, by several threads as in service: other tests have few rows and one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from iot_assets.lake.paths import DataPaths
from iot_assets.warehouse.connection import Warehouse, insert, transaction
from iot_assets_tests.house import house_in, run_chain
from iot_assets_tests.lake_builder import NOON, LakeBuilder, Message

if TYPE_CHECKING:
    from pathlib import Path

#: More than a group of 122,880 rows.
MANY: Final = 130_000


def test_outcomes_of_large_batches_are_seen_by_what_comes_after_them(tmp_path: Path) -> None:
    house, lake = house_in(tmp_path), LakeBuilder(DataPaths(tmp_path))
    message = Message(received_at=NOON, topic="nobody/knows", payload=b"")
    with Warehouse(house.paths.warehouse, threads=2).connect() as connection:
        for _ in range(2):
            lake.land(*(message for _ in range(MANY)))
            run_chain(connection, house.settings)
        assert connection.execute("select count(message_id) from silver.outcomes").fetchall() == [(2 * MANY,)]


def test_an_insert_of_nothing_beside_one_of_many_rows_hides_none(tmp_path: Path) -> None:
    path = tmp_path / "iot.duckdb"
    with Warehouse(path, threads=2).connect() as connection:
        connection.execute("create table main.numbers (n bigint)")
        connection.execute(f"create temp table many as select range as n from range({MANY})")
        for _ in range(2):
            with transaction(connection):
                insert(connection, "main.numbers", "select * from many where n < 0 order by n")
                insert(connection, "main.numbers", "select * from many order by n")
                insert(connection, "main.numbers", "select * from many where n < 0 order by n")
        assert connection.execute("select count(n) from main.numbers").fetchall() == [(2 * MANY,)]
