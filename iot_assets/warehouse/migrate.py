"""Migrations: numbered SQL files, each applied once, in one transaction together with its record.

A migration that is released never changes. Column comments are not history: they are set anew with the last one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources

import duckdb

from iot_assets.warehouse.ddl import comments
from iot_assets.warehouse.tables import TABLES


@dataclass(frozen=True, slots=True)
class Migration:
    """One step from one schema to the next."""

    number: int
    name: str
    sql: str


def all_migrations() -> list[Migration]:
    """The migrations of this version, in order of number."""
    found = [
        Migration(int(match[1]), match[2], file.read_text(encoding="utf-8"))
        for file in resources.files("iot_assets.warehouse").joinpath("migrations").iterdir()
        if (match := re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name))
    ]
    return sorted(found, key=lambda m: m.number)


def apply(connection: duckdb.DuckDBPyConnection, migrations: list[Migration] | None = None) -> list[Migration]:
    """Bring the current catalog to the newest schema; returns what was applied, which is mostly nothing."""
    migrations = all_migrations() if migrations is None else migrations
    done = _applied(connection)
    pending = [m for m in migrations if m.number not in done]
    for migration in pending:
        connection.execute("begin transaction")
        try:
            connection.execute("create schema if not exists ops")
            connection.execute(
                "create table if not exists ops.migrations"
                " (number integer not null, name varchar not null, applied_at timestamptz not null)"
            )
            connection.execute(migration.sql)
            connection.execute("insert into ops.migrations values (?, ?, now())", [migration.number, migration.name])
            if migration is pending[-1]:
                connection.execute("".join(line for table in TABLES.values() for line in comments(table)))
        except BaseException:
            connection.execute("rollback")
            raise
        connection.execute("commit")
    return pending


def _applied(connection: duckdb.DuckDBPyConnection) -> set[int]:
    exists = connection.execute(
        "select 1 from information_schema.tables"
        " where table_catalog = current_database() and table_schema = 'ops' and table_name = 'migrations'"
    ).fetchall()
    if not exists:
        return set()
    return {row[0] for row in connection.execute("select number from ops.migrations").fetchall()}
