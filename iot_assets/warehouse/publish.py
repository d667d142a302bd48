"""Publication: what people query is copied to a new file and swapped in with one atomic rename (hatch 3).

Belongs here: what is published whole, what only for a recent span, and the swap. Does not: reading the published file
(``serving``). Whoever has the old file open keeps reading it; whoever opens next gets the new one; nobody waits.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import duckdb

from iot_assets.errors import StorageError
from iot_assets.warehouse.connection import scalar
from iot_assets.warehouse.ddl import comments, create_table, literal
from iot_assets.warehouse.tables import (
    CORRECTIONS,
    DEVICES,
    FILES,
    LATEST,
    METRICS,
    OUTCOME_COUNTS,
    READINGS,
    READINGS_1D,
    READINGS_1H,
    READINGS_1MIN,
    REJECTS,
    Table,
)

#: Published whole: small, or what people look at most.
WHOLE: Final = (FILES, OUTCOME_COUNTS, CORRECTIONS, REJECTS, DEVICES, METRICS, READINGS_1H, READINGS_1D, LATEST)
#: Published whole while small, else for a recent span.
SPANNED: Final = (READINGS, READINGS_1MIN)


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication did; ``rows`` per table, ``bytes`` of the file. Nothing is written when nothing changed."""

    changed: bool
    rows: dict[str, int] = field(default_factory=dict)
    bytes: int = 0


def publish(connection: duckdb.DuckDBPyConnection, target: Path, *, whole_rows: int, recent_days: int) -> Published:
    """Swap in a new ``serving.duckdb`` if the warehouse holds anything that the present one does not.

    Raises:
        StorageError: the file cannot be written; the present one stays as it is.
    """
    version = str(
        scalar(
            connection,
            "select string_agg(unit || ' ' || batch_id || ' ' || applied_at, ', ' order by unit) from ("
            " select unit, max(batch_id) as batch_id, max(applied_at) as applied_at from ops.applied group by unit)",
        )
    )
    version += f"; whole up to {whole_rows} rows, else {recent_days} days"
    if _present_version(target) == version:
        return Published(changed=False)
    temporary = target.with_name(target.name + ".tmp")
    try:
        _remove(temporary)
        rows = _copy(connection, temporary, version, whole_rows, recent_days)
        size = temporary.stat().st_size
        _durable(temporary)
        temporary.replace(target)
        _durable(target.parent)
    except OSError as error:
        raise StorageError("publish", target, error) from error
    return Published(changed=True, rows=rows, bytes=size)


def _copy(
    connection: duckdb.DuckDBPyConnection, temporary: Path, version: str, whole_rows: int, recent_days: int
) -> dict[str, int]:
    connection.execute(f"attach {literal(str(temporary))} as serving (storage_version 'v1.5.0')")
    try:
        home = scalar(connection, "select current_database()")
        rows = {}
        for table in (*WHOLE, *SPANNED):
            where = "" if table in WHOLE else _recent(connection, table, whole_rows, recent_days)
            name = f"serving.{table.full_name}"
            connection.execute(f"create schema if not exists serving.{table.schema}")
            connection.execute(create_table(table, name=name))
            connection.execute(f"insert into {name} by name select * from {home}.{table.full_name}{where}")
            rows[table.full_name] = int(scalar(connection, f"select count(*) from {name}"))
        connection.execute("create schema serving.ops")
        connection.execute(
            "create table serving.ops.published (version varchar not null, published_at timestamptz not null)"
        )
        connection.execute("insert into serving.ops.published values (?, now())", [version])
        connection.execute("use serving")
        connection.execute("".join(line for table in (*WHOLE, *SPANNED) for line in comments(table)))
    finally:
        connection.execute(f"use {home}")
        connection.execute("detach serving")  # also brings everything into the one file
    return rows


def _recent(connection: duckdb.DuckDBPyConnection, table: Table, whole_rows: int, recent_days: int) -> str:
    if int(scalar(connection, f"select count(*) from {table.full_name}")) <= whole_rows:
        return ""
    # Literal, so that only recent row groups are read; counted back from the newest event that a clock can have meant.
    since = scalar(
        connection,
        f"select least(max({table.time}), now()) - to_days(?) from {table.full_name}",
        [recent_days],
    )
    return f" where {table.time} >= timestamptz '{since:%Y-%m-%d %H:%M:%S.%f}+00'"


def _present_version(target: Path) -> str | None:
    if not target.exists():
        return None
    try:
        with duckdb.connect(str(target), read_only=True) as present:
            return str(scalar(present, "select version from ops.published"))
    except duckdb.Error:
        return None  # whatever it is, it is not ours to keep: the new one replaces it


def _remove(path: Path) -> None:
    for leftover in (path, path.with_name(path.name + ".wal")):
        leftover.unlink(missing_ok=True)


def _durable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
