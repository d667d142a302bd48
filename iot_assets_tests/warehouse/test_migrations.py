"""Migrations: numbered, each applied once, all of it or nothing; the result is what the declarations say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from iot_assets.settings import Settings
from iot_assets.warehouse import contract, migrate
from iot_assets.warehouse.connection import Warehouse
from iot_assets.warehouse.migrate import Migration, all_migrations
from iot_assets.warehouse.tables import TABLES
from iot_assets.warehouse.views import VIEWS
from iot_assets_tests.house import House

COLUMNS = "select table_schema || '.' || table_name, column_name from information_schema.columns order by all"


def test_migrations_are_numbered_without_gap() -> None:
    assert [m.number for m in all_migrations()] == list(range(1, len(all_migrations()) + 1))


def test_a_new_file_has_every_migration_recorded(tmp_path: Path) -> None:
    with Warehouse(tmp_path / "iot.duckdb").connect() as connection:
        recorded = connection.execute("select number, name from ops.migrations where number > 0 order by 1").fetchall()
    assert recorded == [(m.number, m.name) for m in all_migrations()]


def test_a_second_opening_applies_nothing(house: House) -> None:
    with house.open() as connection:
        assert migrate.apply(connection) == []


def test_the_result_has_the_declared_tables_and_views_and_no_other_with_the_declared_columns(house: House) -> None:
    with house.open() as connection:
        found = {table for table, _ in connection.execute(COLUMNS).fetchall()}
        assert found == {*TABLES, *(view.full_name for view in VIEWS), "ops.migrations"}
        for table in TABLES.values():
            nothing = f"select * from {table.full_name}"
            assert contract.contract(connection, table, among=nothing, written=nothing).sample == []


def test_every_table_and_column_carries_its_meaning(house: House) -> None:
    columns = house.ask(
        "select schema_name || '.' || table_name, column_name, comment from duckdb_columns()"
        " where database_name = 'iot' and table_name <> 'migrations'"
    )
    declarations = TABLES | {view.full_name: view for view in VIEWS}
    for table, column, comment in columns:
        declared = next(c for c in declarations[table].columns if c.name == column)
        assert comment == declared.description + (f" [{declared.unit}]" if declared.unit else "")
    tables: dict[str, str] = dict(
        house.ask("select schema_name || '.' || table_name, comment from duckdb_tables() where database_name = 'iot'")
    )
    assert {name: tables[name] for name in TABLES} == {name: table.description for name, table in TABLES.items()}


def test_a_failing_migration_leaves_nothing_behind_and_the_mended_one_is_applied(house: House) -> None:
    broken = Migration(9001, "broken", "create table ops.half (a integer); select no_such_thing;")
    with house.open() as connection:
        with pytest.raises(duckdb.Error):
            migrate.apply(connection, [*all_migrations(), broken])
        assert "ops.half" not in {table for table, _ in connection.execute(COLUMNS).fetchall()}
        assert connection.execute("select count(*) from ops.migrations where number = 9001").fetchall() == [(0,)]
        mended = Migration(9001, "mended", "create table ops.whole (a integer);")
        assert migrate.apply(connection, [*all_migrations(), mended]) == [mended]
        assert migrate.apply(connection, [*all_migrations(), mended]) == []


def test_what_a_registry_declared_before_announcements_were_known_is_still_declared(tmp_path: Path) -> None:
    with duckdb.connect() as old:
        old.execute(f"attach '{tmp_path / 'iot.duckdb'}' as iot (storage_version 'v1.5.0'); use iot")
        old.execute("set TimeZone = 'UTC'; create schema ops")
        old.execute("create table ops.migrations (number integer, name varchar, applied_at timestamptz)")
        for migration in all_migrations()[:2]:
            old.execute(migration.sql)
            old.execute("insert into ops.migrations values (?, ?, now())", [migration.number, migration.name])
        old.execute(
            "insert into silver.devices (device_id, kind, origin, valid_from_at) values"
            " ('a', 'pump', 'registry', '2025-11-12 12:00:00+00'), ('b', null, 'seen', '2025-11-12 12:00:00+00')"
        )
        old.execute(
            "insert into silver.metrics (device_id, metric, unit, valid_from_at)"
            " values ('a', 't', 'Cel', '2025-11-12 12:00:00+00')"
        )
    house = House(Settings(data_dir=tmp_path))
    assert house.ask("select device_id, origin from silver.devices order by 1") == [("a", "declared"), ("b", "seen")]
    assert house.ask("select metric, unit, origin, valid_to_at from silver.metrics") == [("t", "Cel", "declared", None)]
    said = "device_id, origin, received_at = '2025-11-12 12:00:00+00', until_at"
    assert house.ask(f"select {said}, kind from ops.device_facts") == [("a", "declared", True, None, "pump")]
    assert house.ask(f"select {said}, unit from ops.metric_facts") == [("a", "declared", True, None, "Cel")]


def test_both_files_are_stored_in_the_format_that_duckdb_1_5_and_2_read(house: House) -> None:
    house.publish()
    for path in (house.paths.warehouse, house.paths.serving):
        with duckdb.connect(str(path), read_only=True) as connection:
            tags = connection.execute(
                "select tags from duckdb_databases() where path is not null and not internal"
            ).fetchall()
        assert "v1.5.0" in str(tags), tags


def test_the_duckdb_program_reads_the_published_file(house: House) -> None:
    house.publish()
    program = Path(sys.executable).with_name("duckdb")
    answer = subprocess.run(
        [program, "-readonly", "-csv", house.paths.serving, "select count(*) as n from gold.latest"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.split() == ["n", "0"]
