"""Closed days in the lake: exported as sorted Parquet, exported again when healed, thawed when late data needs them.

Belongs here: which days are where, and moving them. Does not: what is in them. A day is *hot* while its rows are in the
warehouse file, *cold* when only the lake has them. Late data thaws the days it touches, so that healing knows one place
only; the next export writes them under a new name. The file they replace is *retired*: it stays for a grace time, which
begins once a publication that no longer names the file has been swapped in (``let_go``).
"""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

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
_UNFINISHED: Final = ".tmp"
_log = logging.getLogger(__name__)


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


def of_day(connection: duckdb.DuckDBPyConnection, kind: str, day: date) -> str:
    """A query for the rows of one day, with the table's columns, wherever the day is."""
    table = KINDS[kind][0]
    columns = ", ".join(quote(c.name) for c in table.columns)
    found = connection.execute(
        "select path from ops.history where kind = ? and day = ? and state = 'cold'", [kind, day]
    ).fetchall()
    lake = from_files(table, lake_of(connection), [path for (path,) in found])
    return f"select {columns} from {table.full_name} where {_within(table, day)} union all {lake}"


def from_files(table: Table, lake: Path, paths: list[str]) -> str:
    """A query for the rows of exported files, with the table's columns."""
    columns = ", ".join(quote(c.name) for c in table.columns)
    if not paths:
        return f"select {columns} from {table.full_name} where false"
    files = ", ".join(literal(str(lake / path)) for path in paths)
    # Files that an older version wrote lack the columns that came later: there they are null.
    every = f"select * from read_parquet([{files}], hive_partitioning = false, union_by_name = true)"
    shape = ", ".join(f"null::{c.type} as {quote(c.name)}" for c in table.columns)
    return f"select {columns} from (select {shape} where false union all by name {every})"


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


def export(
    connection: duckdb.DuckDBPyConnection, *, closed_after: timedelta, hot_days: int, grace: timedelta
) -> Exported:
    """Write closed days that are not in the lake as they are now, drop old ones from the warehouse file, tidy up.

    Raises:
        StorageError: the lake cannot be written; what was exported before stays as it is.
    """
    newest = (datetime.now(UTC) - closed_after).date() - timedelta(days=1)
    written = evicted = 0
    _adopt_strays(connection)
    for kind in KINDS:
        for day in _to_export(connection, kind, newest):
            _export_day(connection, kind, day)
            written += 1
        for day in _to_evict(connection, kind, datetime.now(UTC).date() - timedelta(days=hot_days)):
            evicted += _evict_day(connection, kind, day)
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
    table = KINDS[kind][0]
    rows = int(scalar(connection, f"select count(*) from {table.full_name} where {_within(table, day)}"))
    path, size = _write_day(connection, kind, day) if rows else ("", 0)
    with transaction(connection):
        connection.execute(
            "update ops.history set state = 'retired', retired_at = null where kind = ? and day = ?"
            " and state <> 'retired'",
            [kind, day],
        )
        if rows:
            connection.execute(
                "insert into ops.history values (?, ?, ?, ?, ?, 'hot', now(), null)", [kind, day, path, rows, size]
            )
        connection.execute("delete from ops.touched_days where kind = ? and day = ?", [kind, day])


def _write_day(connection: duckdb.DuckDBPyConnection, kind: str, day: date) -> tuple[str, int]:
    table, folder, order = KINDS[kind]
    lake = lake_of(connection)
    path = f"{folder}/date={day}/{kind}-{time.time_ns() // 1_000_000}.parquet"
    target = lake / path
    temporary = target.with_suffix(_UNFINISHED)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        connection.execute(
            f"copy (select * from {table.full_name} where {_within(table, day)} order by {order})"
            f" to {literal(str(temporary))} (format parquet, compression zstd)"
        )
        sync(temporary)
        temporary.replace(target)
        sync(target.parent)
        return path, target.stat().st_size
    except OSError as error:
        raise StorageError("export to", target, error) from error
    except duckdb.IOException as error:
        raise StorageError("export to", target, OSError(str(error))) from error


def _to_evict(connection: duckdb.DuckDBPyConnection, kind: str, before: date) -> list[date]:
    found = connection.execute(
        "select day from ops.history where kind = ? and state = 'hot' and day < ?"
        " and day not in (select day from ops.touched_days where kind = ?)"
        " and day not in (select minute_at::date from ops.dirty) order by day",
        [kind, before, kind],
    ).fetchall()
    return [day for (day,) in found]


def _evict_day(connection: duckdb.DuckDBPyConnection, kind: str, day: date) -> bool:
    """Drop a day from the warehouse file, unless its file in the lake is not what the ledger says."""
    table = KINDS[kind][0]
    path, rows = connection.execute(
        "select path, rows from ops.history where kind = ? and day = ? and state = 'hot'", [kind, day]
    ).fetchall()[0]
    with transaction(connection):
        if _rows_in(lake_of(connection) / path) != rows:
            _log.error("%s does not hold the %d rows of %s %s; it is written anew", path, rows, table.full_name, day)
            connection.execute("insert into ops.touched_days values (?, ?)", [kind, day])
            return False
        connection.execute(f"delete from {table.full_name} where {_within(table, day)}")
        connection.execute(
            "update ops.history set state = 'cold' where kind = ? and day = ? and state = 'hot'", [kind, day]
        )
    return True


def _rows_in(file: Path) -> int | None:
    try:
        return int(pq.read_metadata(file).num_rows)
    except (OSError, pa.ArrowException):
        return None


def _adopt_strays(connection: duckdb.DuckDBPyConnection) -> None:
    """Files that no ledger knows, left by a killed export or a warehouse that was deleted, count as retired.

    The present publication may still name them, so they are not simply deleted.
    """
    lake = lake_of(connection)
    known = {path for (path,) in connection.execute("select path from ops.history").fetchall()}
    strays = []
    for kind, (_, folder, _) in KINDS.items():
        for file in (lake / folder).glob("date=*/*"):
            if file.suffix == _UNFINISHED:
                file.unlink(missing_ok=True)  # whoever wrote it held the warehouse, as we do now
            elif file.suffix == ".parquet" and (path := file.relative_to(lake).as_posix()) not in known:
                strays.append([kind, file.parent.name.removeprefix("date="), path, file.stat().st_size])
    if strays:
        with transaction(connection):
            connection.executemany(
                "insert into ops.history values (?, ?::date, ?, 0, ?, 'retired', now(), null)", strays
            )


def _delete_retired(connection: duckdb.DuckDBPyConnection, grace: timedelta) -> int:
    """Delete files whose grace time is over."""
    lake = lake_of(connection)
    old = datetime.now(UTC) - grace
    due = connection.execute(
        "select path from ops.history where state = 'retired' and retired_at < ?", [old]
    ).fetchall()
    for (path,) in due:
        (lake / path).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            (lake / path).parent.rmdir()  # only if it is empty
    if due:
        with transaction(connection):
            connection.execute("delete from ops.history where state = 'retired' and retired_at < ?", [old])
    return len(due)


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
