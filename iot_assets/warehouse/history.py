"""Long tables by day in the lake: which days are where, and fetching back what late data needs.

Belongs here: the ledger of days, and queries over it. Does not: writing files (``export``), what is in them. A day is
*hot* while its rows are in the warehouse file, *cold* when only the lake has them. Late data thaws the devices that it
touches on a cold day, so that healing knows one place only: from then on the lake's rows of them count no more, until
the next export puts the day together again under a new name. The file that it replaces is *retired*: it stays for a
grace time, which begins once a publication that no longer names the file has been swapped in (``let_go``).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final

import duckdb

from iot_assets.warehouse.connection import insert, scalar, transaction
from iot_assets.warehouse.ddl import literal, quote
from iot_assets.warehouse.spans import Span, devices_of, within
from iot_assets.warehouse.tables import (
    QUALITY_HOURLY,
    QUALITY_LOG,
    READINGS,
    READINGS_1D,
    READINGS_1H,
    READINGS_1MIN,
    Table,
)

#: kind → (table, folder below the lake, order within a file).
KINDS: Final = MappingProxyType(
    {
        "readings": (READINGS, "silver/readings", "device_id, metric, event_at"),
        "readings_1min": (READINGS_1MIN, "gold/readings_1min", "device_id, metric, bucket_at"),
        "readings_1h": (READINGS_1H, "gold/readings_1h", "device_id, metric, bucket_at"),
        "readings_1d": (READINGS_1D, "gold/readings_1d", "device_id, metric, bucket_at"),
        "quality_hourly": (QUALITY_HOURLY, "gold/quality_hourly", "device_id, metric, hour_at"),
        "quality_log": (QUALITY_LOG, "gold/quality_log", "table_name, check_name, checked_at"),
    }
)
#: Kinds whose days never leave the warehouse file: they are few rows, and much asks for all of them.
STAYING: Final = frozenset({"readings_1d"})


def touch(connection: duckdb.DuckDBPyConnection, kind: str, source: str, column: str) -> None:
    """Remember, within the writing transaction, that days of ``source`` have changed; of exported ones which hours.

    ``source`` names the columns device_id and ``column``, an instant.
    """
    connection.execute(
        f"insert into ops.touched_days select distinct ?, date_of({column}) from {source}"
        " except select kind, day from ops.touched_days",
        [kind],
    )
    connection.execute(
        f"insert into ops.touched_hours select distinct $kind, hour_of({column}), device_id from {source}"
        f" where date_of({column}) in (select day from ops.history where kind = $kind and state <> 'retired')"
        " except select kind, hour_at, device_id from ops.touched_hours where kind = $kind",
        {"kind": kind},
    )
    if kind == READINGS_1H.name:  # the rollups by day are made from those by hour
        touch(connection, READINGS_1D.name, f"(select device_id, day_of({column}) as day_at from {source})", "day_at")


def thaw(connection: duckdb.DuckDBPyConnection, kind: str, source: str, column: str) -> None:
    """Bring what ``source`` touches of cold days, device by device, back into the warehouse file.

    To be called within a transaction; ``source`` names the columns device_id and ``column``, an instant.
    """
    if not has_cold(connection, kind):
        return
    connection.execute(
        "create or replace temp table thawing as"
        f" select distinct {literal(kind)} as kind, date_of({column}) as day, device_id from {source}"
        f" where date_of({column}) in (select day from ops.history where kind = {literal(kind)} and state = 'cold')"
        " except select kind, day, device_id from ops.thawed"
    )
    found = connection.execute(
        "select path from ops.history where kind = ? and state = 'cold' and day in (select day from thawing)", [kind]
    ).fetchall()
    if not found:
        return
    table = KINDS[kind][0]
    rows = from_files(table, lake_of(connection), [path for (path,) in found])
    insert(
        connection,
        table.full_name,
        f"select f.* from ({rows} where {devices_of(connection, 'thawing')}) f"
        f" semi join thawing t on t.device_id = f.device_id and t.day = date_of(f.{table.time}) order by {table.time}",
    )
    connection.execute("insert into ops.thawed by name select * from thawing")


def thaw_received(connection: duckdb.DuckDBPyConnection, spans: list[Span]) -> None:
    """Bring back what readings of cold days were received within the spans."""
    for span in spans:
        received = (
            f"(select device_id, event_at from ({cold(connection, 'readings')}) where {span.condition('received_at')})"
        )
        thaw(connection, "readings", received, "event_at")


def cold(connection: duckdb.DuckDBPyConnection, kind: str, days: Collection[date] | None = None) -> str:
    """A query for the rows that only the lake has, of all days or of these, with the table's columns."""
    found = connection.execute(
        "select day, path, day in (select day from ops.thawed where kind = $kind) from ops.history"
        " where kind = $kind and state = 'cold' order by day",
        {"kind": kind},
    ).fetchall()
    found = [row for row in found if days is None or row[0] in days]
    table, lake = KINDS[kind][0], lake_of(connection)
    rows = from_files(table, lake, [path for _, path, thawed in found if not thawed])
    if parts := [path for _, path, thawed in found if thawed]:
        rows += (
            f" union all select f.* from ({from_files(table, lake, parts)}) f"
            f" anti join (select day, device_id from ops.thawed where kind = {literal(kind)}) t"
            f" on t.day = f.{table.time}::date and t.device_id = f.device_id"
        )
    return rows


def everywhere(connection: duckdb.DuckDBPyConnection, table: Table, spans: list[Span], *, only: str = "true") -> str:
    """A query for a table's rows within the spans that meet a condition, in the warehouse file and in the lake."""
    assert table.time is not None
    hot = within(table.full_name, table.time, spans, only=only)
    if not has_cold(connection, table.name):
        return hot
    branches = [hot]
    for span in spans:
        days = {span.first.date() + timedelta(days=n) for n in range((span.last.date() - span.first.date()).days + 1)}
        rows = cold(connection, table.name, days)
        branches.append(f"select * from ({rows}) where {span.condition(table.time)} and {only}")
    return "\nunion all\n".join(branches)


def of_day(connection: duckdb.DuckDBPyConnection, kind: str, day: date) -> str:
    """A query for the rows of one day, with the table's columns, wherever they are."""
    table = KINDS[kind][0]
    assert table.time is not None
    columns = ", ".join(quote(c.name) for c in table.columns)
    in_file = f"select {columns} from {table.full_name} where {span_of(day).condition(table.time)}"
    return f"{in_file} union all {cold(connection, kind, {day})}"


def from_files(table: Table, lake: Path, paths: list[str]) -> str:
    """A query for the rows of exported files, with the table's columns."""
    # Its shape names no table: a published view of these columns has no such table beside it.
    shape = ", ".join(f"null::{c.type} as {quote(c.name)}" for c in table.columns)
    nothing = f"select * from (select {shape}) where false"
    if not paths:
        return nothing
    columns = ", ".join(quote(c.name) for c in table.columns)
    files = ", ".join(literal(str(lake / path)) for path in paths)
    # Files that an older version wrote lack the columns that came later: there they are null.
    every = f"select * from read_parquet([{files}], hive_partitioning = false, union_by_name = true)"
    return f"select {columns} from ({nothing} union all by name {every})"


def exported(connection: duckdb.DuckDBPyConnection, kind: str) -> dict[date, str]:
    """Day and path of each day that the lake has, also of those that have changed since."""
    found = connection.execute(
        "select day, path from ops.history where kind = ? and state <> 'retired' order by day", [kind]
    )
    return dict(found.fetchall())


def changed(connection: duckdb.DuckDBPyConnection, kind: str) -> set[date]:
    """Days that have changed since they were exported, or that never were; the warehouse file has them."""
    found = connection.execute("select distinct day from ops.touched_days where kind = ?", [kind])
    return {day for (day,) in found.fetchall()}


def forget_touches(connection: duckdb.DuckDBPyConnection, kind: str, day: date) -> None:
    """The lake has this day as it is now."""
    connection.execute("delete from ops.touched_days where kind = ? and day = ?", [kind, day])
    connection.execute("delete from ops.touched_hours where kind = ? and date_of(hour_at) = ?", [kind, day])


def let_go(connection: duckdb.DuckDBPyConnection) -> None:
    """Begin the grace time of retired files: from now on no publication names them."""
    if scalar(connection, "select count(*) from ops.history where state = 'retired' and retired_at is null"):
        with transaction(connection):
            connection.execute(
                "update ops.history set retired_at = now() where state = 'retired' and retired_at is null"
            )


def has_cold(connection: duckdb.DuckDBPyConnection, kind: str) -> bool:
    """Whether any day is in the lake only."""
    return bool(scalar(connection, "select count(*) > 0 from ops.history where kind = ? and state = 'cold'", [kind]))


def version(connection: duckdb.DuckDBPyConnection) -> str:
    """Changes whenever a day is exported, evicted or thawed."""
    return str(
        scalar(
            connection,
            "select coalesce(string_agg(state || ' ' || n || ' ' || newest, ', ' order by state), 'no history') from"
            " (select state, count(*) as n, max(exported_at) as newest from ops.history where state <> 'retired'"
            " group by state)",
        )
    )


def span_of(day: date) -> Span:
    """All instants of a day, UTC."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return Span(start, start + timedelta(days=1) - timedelta(microseconds=1))


def lake_of(connection: duckdb.DuckDBPyConnection) -> Path:
    """The lake beside this warehouse file."""
    return Path(scalar(connection, "select getvariable('lake')"))
