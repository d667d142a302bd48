"""Closed days in the lake: exported as sorted Parquet, exported again when healed, thawed when late data needs them.

Belongs here: which days are where, and moving them. Does not: what is in them. A day is *hot* while its rows are in the
warehouse file, *cold* when only the lake has them. Late data thaws the days it touches, so that healing knows one place
only; the next export writes them under a new name, and the file they replace stays for a grace time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final

import duckdb

from iot_assets.errors import StorageError
from iot_assets.warehouse.connection import scalar, transaction
from iot_assets.warehouse.ddl import literal, quote
from iot_assets.warehouse.durable import sync
from iot_assets.warehouse.spans import Span
from iot_assets.warehouse.tables import READINGS, READINGS_1MIN, Table

#: kind → (table, folder below the lake, order within a file).
KINDS: Final = MappingProxyType(
    {
        "readings": (READINGS, "silver/readings", "device_id, metric, event_at"),
        "readings_1min": (READINGS_1MIN, "gold/readings_1min", "device_id, metric, bucket_at"),
    }
)


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export did: days written, days that left the warehouse file, files deleted."""

    written: int
    evicted: int
    deleted: int


def touch(connection: duckdb.DuckDBPyConnection, kind: str, source: str, column: str) -> None:
    """Remember, within the writing transaction, that days of ``source`` have changed."""
    connection.execute(
        f"insert into ops.touched_days select distinct ?, {column}::date from {source}"
        " except select kind, day from ops.touched_days",
        [kind],
    )


def thaw(connection: duckdb.DuckDBPyConnection, kind: str, source: str, column: str) -> None:
    """Bring the cold days that ``source`` touches back into the warehouse file, within the present transaction."""
    if has_cold(connection, kind):
        days = f"select distinct {column}::date from {source}"
        _thaw(connection, kind, f"select day, path from ops.history where kind = '{kind}' and day in ({days})")


def thaw_received(connection: duckdb.DuckDBPyConnection, spans: list[Span]) -> None:
    """Bring back the cold days of readings that were received within the spans."""
    cold_days = cold(connection, "readings")
    for span in spans:
        received = f"select distinct event_at::date from ({cold_days}) where {span.condition('received_at')}"
        _thaw(
            connection, "readings", f"select day, path from ops.history where kind = 'readings' and day in ({received})"
        )


def cold(connection: duckdb.DuckDBPyConnection, kind: str) -> str:
    """A query for the rows of the cold days, with the table's columns."""
    found = connection.execute(
        "select path from ops.history where kind = ? and state = 'cold' order by day", [kind]
    ).fetchall()
    return from_files(KINDS[kind][0], lake_of(connection), [path for (path,) in found])


def from_files(table: Table, lake: Path, paths: list[str]) -> str:
    """A query for the rows of exported files, with the table's columns."""
    columns = ", ".join(quote(c.name) for c in table.columns)
    if not paths:
        return f"select {columns} from {table.full_name} where false"
    files = ", ".join(literal(str(lake / path)) for path in paths)
    return f"select {columns} from read_parquet([{files}], hive_partitioning = false)"


def up_to_date(connection: duckdb.DuckDBPyConnection, kind: str) -> dict[date, str]:
    """Day and path of each day that the lake has as it is now."""
    healed = healed_since(connection, kind)
    found = connection.execute(
        "select day, path from ops.history where kind = ? and state <> 'retired' order by day", [kind]
    )
    return {day: path for day, path in found.fetchall() if day not in healed}


def healed_since(connection: duckdb.DuckDBPyConnection, kind: str) -> set[date]:
    """Days that have changed since they were exported: the warehouse file has them, the lake what they were."""
    found = connection.execute(
        "select distinct h.day from ops.history h join ops.touched_days t on t.kind = h.kind and t.day = h.day"
        " where h.kind = ? and h.state = 'hot'",
        [kind],
    )
    return {day for (day,) in found.fetchall()}


def has_cold(connection: duckdb.DuckDBPyConnection, kind: str) -> bool:
    """Whether any day is in the lake only."""
    return bool(scalar(connection, "select count(*) > 0 from ops.history where kind = ? and state = 'cold'", [kind]))


def version(connection: duckdb.DuckDBPyConnection) -> str:
    """Changes whenever a day is exported, evicted or thawed."""
    return str(
        scalar(
            connection,
            "select coalesce(string_agg(state || ' ' || n || ' ' || newest, ', ' order by state), 'no history') from"
            " (select state, count(*) as n, max(exported_at) as newest from ops.history group by state)",
        )
    )


def export(
    connection: duckdb.DuckDBPyConnection, *, closed_after: timedelta, hot_days: int, grace: timedelta
) -> Exported:
    """Write closed days that are not in the lake as they are now, drop old ones from the warehouse file, tidy up.

    Raises:
        StorageError: the lake cannot be written; what was exported before stays as it is.
    """
    newest = (datetime.now(UTC) - closed_after).date() - timedelta(days=1)
    written = evicted = 0
    for kind in KINDS:
        for day in _to_export(connection, kind, newest):
            _export_day(connection, kind, day)
            written += 1
        for day in _to_evict(connection, kind, datetime.now(UTC).date() - timedelta(days=hot_days)):
            _evict_day(connection, kind, day)
            evicted += 1
    return Exported(written, evicted, _delete_retired(connection, grace))


def _thaw(connection: duckdb.DuckDBPyConnection, kind: str, cold_days: str) -> None:
    table = KINDS[kind][0]
    for day, path in connection.execute(f"{cold_days} and state = 'cold'").fetchall():
        source = from_files(table, lake_of(connection), [path])
        connection.execute(f"insert into {table.full_name} by name {source} order by {table.time}")
        connection.execute(
            "update ops.history set state = 'hot' where kind = ? and day = ? and state = 'cold'", [kind, day]
        )


def _to_export(connection: duckdb.DuckDBPyConnection, kind: str, newest: date) -> list[date]:
    table = KINDS[kind][0]
    found = connection.execute(
        f"select distinct {table.time}::date as day from {table.full_name} where day <= ? and (day in"
        " (select day from ops.touched_days where kind = ?) or day not in"
        " (select day from ops.history where kind = ? and state <> 'retired')) order by day",
        [newest, kind, kind],
    ).fetchall()
    # A day that healing has emptied has no rows any more, and its file must go all the same.
    emptied = connection.execute(
        "select day from ops.history where kind = ? and state = 'hot' and day in"
        " (select day from ops.touched_days where kind = ?)",
        [kind, kind],
    ).fetchall()
    return sorted({day for (day,) in (*found, *emptied)})


def _export_day(connection: duckdb.DuckDBPyConnection, kind: str, day: date) -> None:
    table, folder, order = KINDS[kind]
    lake = lake_of(connection)
    path = f"{folder}/date={day}/{kind}-{time.time_ns() // 1_000_000}.parquet"
    target = lake / path
    temporary = target.with_suffix(".tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        connection.execute(
            f"copy (select * from {table.full_name} where {_within(table, day)} order by {order})"
            f" to {literal(str(temporary))} (format parquet, compression zstd)"
        )
        sync(temporary)
        temporary.replace(target)
        sync(target.parent)
        size = target.stat().st_size
    except OSError as error:
        raise StorageError("export to", target, error) from error
    with transaction(connection):
        rows = int(scalar(connection, f"select count(*) from {table.full_name} where {_within(table, day)}"))
        connection.execute(
            "update ops.history set state = 'retired', retired_at = now() where kind = ? and day = ?"
            " and state <> 'retired'",
            [kind, day],
        )
        if rows:
            connection.execute(
                "insert into ops.history values (?, ?, ?, ?, ?, 'hot', now(), null)", [kind, day, path, rows, size]
            )
        connection.execute("delete from ops.touched_days where kind = ? and day = ?", [kind, day])


def _to_evict(connection: duckdb.DuckDBPyConnection, kind: str, before: date) -> list[date]:
    found = connection.execute(
        "select day from ops.history where kind = ? and state = 'hot' and day < ?"
        " and day not in (select day from ops.touched_days where kind = ?)"
        " and day not in (select minute_at::date from ops.dirty) order by day",
        [kind, before, kind],
    ).fetchall()
    return [day for (day,) in found]


def _evict_day(connection: duckdb.DuckDBPyConnection, kind: str, day: date) -> None:
    table = KINDS[kind][0]
    with transaction(connection):
        connection.execute(f"delete from {table.full_name} where {_within(table, day)}")
        connection.execute(
            "update ops.history set state = 'cold' where kind = ? and day = ? and state = 'hot'", [kind, day]
        )


def _delete_retired(connection: duckdb.DuckDBPyConnection, grace: timedelta) -> int:
    """Delete files replaced longer ago than the grace time, and those that a killed export left behind."""
    lake = lake_of(connection)
    old = datetime.now(UTC) - grace
    due = connection.execute(
        "select path from ops.history where state = 'retired' and retired_at < ?", [old]
    ).fetchall()
    known = {path for (path,) in connection.execute("select path from ops.history").fetchall()}
    deleted = 0
    for _, folder, _ in KINDS.values():
        for file in (lake / folder).glob("date=*/*"):
            path = file.relative_to(lake).as_posix()
            if (path,) in due or (path not in known and file.stat().st_mtime < old.timestamp()):
                file.unlink(missing_ok=True)
                deleted += 1
    with transaction(connection):
        connection.execute("delete from ops.history where state = 'retired' and retired_at < ?", [old])
    return deleted


def span_of(day: date) -> Span:
    """All instants of a day, UTC."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return Span(start, start + timedelta(days=1) - timedelta(microseconds=1))


def _within(table: Table, day: date) -> str:
    assert table.time is not None
    return span_of(day).condition(table.time)


def lake_of(connection: duckdb.DuckDBPyConnection) -> Path:
    """The lake beside this warehouse file."""
    return Path(scalar(connection, "select getvariable('lake')"))
