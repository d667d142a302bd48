"""Publication: what people query is copied to a new file and swapped in with one atomic rename (hatch 3).

Belongs here: what is published whole, what only for a recent span, and the swap. Does not: reading the published file
(``serving``). Whoever has the old file open keeps reading it; whoever opens next gets the new one; nobody waits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final

import duckdb

from iot_assets.errors import StorageError
from iot_assets.warehouse import derived, history, spanned, views
from iot_assets.warehouse.connection import scalar, transaction
from iot_assets.warehouse.ddl import comments, create_table, literal
from iot_assets.warehouse.durable import sync
from iot_assets.warehouse.rules import judging
from iot_assets.warehouse.spans import instant
from iot_assets.warehouse.tables import (
    ALERTS,
    CORRECTIONS,
    DERIVED_1D,
    DERIVED_1H,
    DEVICE_EVENTS,
    DEVICE_ROUTES,
    DEVICE_STATUS,
    DEVICES,
    FILES,
    FORMULAS,
    LATEST,
    METRICS,
    OUTCOME_COUNTS,
    QUALITY_SCORE,
    READINGS,
    REJECTS,
    RULE_HITS,
    SCHEMA_VERSIONS,
    Table,
)

#: Published whole: small, or what people look at most.
WHOLE: Final = (
    FILES, OUTCOME_COUNTS, CORRECTIONS, REJECTS, DEVICES, METRICS, SCHEMA_VERSIONS, LATEST,
    FORMULAS, DERIVED_1H, DERIVED_1D, DEVICE_STATUS, DEVICE_EVENTS, ALERTS,
    DEVICE_ROUTES, QUALITY_SCORE,
)  # fmt: skip
#: Published for so long back, as it grows with every run; the warehouse file has all of it.
RECENT: Final = MappingProxyType({RULE_HITS: timedelta(days=35)})
#: Published whole while small; else for a recent span, joined by a view with the days that the lake has.
SPANNED: Final = MappingProxyType({kind: table for kind, (table, _, _) in history.KINDS.items()})
#: Of the ledger, the files that the published tables contain: a file that silver has yet to settle is not in them.
_SETTLED: Final = (
    " where batch_id not in (select batch_id from {home}.ops.applied where unit = 'bronze'"
    " except select batch_id from {home}.ops.applied where unit = 'silver')"
)


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
    joined = scalar(connection, "select max(entered_at) from bronze.files where state = 'compacted_into'")
    version += f"; {derived.version(connection)}; {judging.version(connection)}; {history.version(connection)}"
    version += f"; joined {joined}"
    version += f"; views {views.fingerprint()}; whole up to {whole_rows} rows, else {recent_days} days"
    if _present_version(target) == version:
        history.let_go(connection)
        return Published(changed=False)
    temporary = target.with_name(target.name + ".tmp")
    try:
        _remove(temporary)
        rows = _copy(connection, temporary, version, whole_rows, recent_days)
        size = temporary.stat().st_size
        sync(temporary)
        temporary.replace(target)
        sync(target.parent)
    except OSError as error:
        raise StorageError("publish", target, error) from error
    history.let_go(connection)
    return Published(changed=True, rows=rows, bytes=size)


def _copy(
    connection: duckdb.DuckDBPyConnection, temporary: Path, version: str, whole_rows: int, recent_days: int
) -> dict[str, int]:
    home = str(scalar(connection, "select current_database()"))
    connection.execute(f"attach {literal(str(temporary))} as serving (storage_version 'v1.5.0')")
    try:
        with transaction(connection):  # else each of hundreds of statements waits for the disk
            return _fill_all(connection, home, version, whole_rows, recent_days)
    finally:
        connection.execute(f"use {home}")
        connection.execute("detach serving")  # also brings everything into the one file


def _fill_all(
    connection: duckdb.DuckDBPyConnection, home: str, version: str, whole_rows: int, recent_days: int
) -> dict[str, int]:
    rows: dict[str, int] = {}
    connection.execute("create schema serving.ops")
    # What the live tail reads later messages with: of each topic the last.
    connection.execute(
        "create table serving.ops.births as select topic, part, value, received_at, message_id"
        f" from {home}.ops.births"
        " qualify row_number() over (partition by topic, part order by received_at desc, message_id desc) = 1"
    )
    for schema in dict.fromkeys(table.schema for table in (*WHOLE, *RECENT, *SPANNED.values())):
        connection.execute(f"create schema serving.{schema}")
    for table in WHOLE:
        only = _SETTLED.format(home=home) if table is FILES else ""
        content = f"select * from {home}.{table.full_name}{only}"
        rows[table.full_name] = _fill(connection, table, table.full_name, content)
    for table, span in RECENT.items():
        since = instant(datetime.now(UTC) - span)
        recent = f"select * from {home}.{table.full_name} where {table.time} >= {since}"
        rows[table.full_name] = _fill(connection, table, table.full_name, recent)
    spanned.prepare(connection)
    for kind in SPANNED:
        parts = spanned.parts(connection, kind, whole_rows=whole_rows, recent_days=recent_days)
        rows[parts.name] = _fill(connection, SPANNED[kind], parts.table, parts.content)
        if parts.view:
            connection.execute("use serving")  # a view's body must not name the catalog
            connection.execute(parts.view)
            connection.execute(f"use {home}")
    connection.execute(
        "create table serving.ops.published (version varchar not null, published_at timestamptz not null)"
    )
    connection.execute("insert into serving.ops.published values (?, now())", [version])
    of_kinds = views.statements_of_kinds(connection)
    connection.execute("use serving")  # a view's body must not name the catalog
    joined = _views(connection)
    described = [
        line
        for table in (*WHOLE, *RECENT, *SPANNED.values())
        for line in comments(table, what="view" if table.full_name in joined else "table")
    ]
    connection.execute("".join((*described, *views.statements(), *of_kinds)))
    return rows


def _fill(connection: duckdb.DuckDBPyConnection, table: Table, name: str, content: str) -> int:
    # Packed, a message id among others takes ten times as long to read: 20,000 readings of a device 40 ms longer.
    unpacked = ("message_id",) if table is READINGS else ()
    connection.execute(create_table(table, name=f"serving.{name}", unpacked=unpacked))
    connection.execute(f"insert into serving.{name} by name {content}")
    return int(scalar(connection, f"select count(*) from serving.{name}"))


def _views(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Which of the declared tables were published as views."""
    found = connection.execute(
        "select schema_name || '.' || view_name from duckdb_views() where database_name = 'serving' and not internal"
    )
    return {name for (name,) in found.fetchall()}


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
