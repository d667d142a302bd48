"""Migrations: numbered SQL files, each applied once, in one transaction together with its record.

A migration that is released never changes. Comments and views are not history: comments are set anew with the last one,
views too, and whenever they differ from those of the file, which ``ops.migrations`` names under number 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from typing import Final

import duckdb

from iot_assets.warehouse import views
from iot_assets.warehouse.ddl import comments
from iot_assets.warehouse.tables import TABLES

#: The number under which the views of the file are noted.
_VIEWS: Final = 0


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
    if pending or done.get(_VIEWS) != views.fingerprint():
        _make_views(connection)
    return pending


def _make_views(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("begin transaction")
    try:
        connection.execute("".join(views.statements()))
        connection.execute(f"delete from ops.migrations where number = {_VIEWS}")
        connection.execute(f"insert into ops.migrations values ({_VIEWS}, ?, now())", [views.fingerprint()])
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def _applied(connection: duckdb.DuckDBPyConnection) -> dict[int, str]:
    exists = connection.execute(
        "select 1 from information_schema.tables"
        " where table_catalog = current_database() and table_schema = 'ops' and table_name = 'migrations'"
    ).fetchall()
    if not exists:
        return {}
    return dict(connection.execute("select number, name from ops.migrations").fetchall())
