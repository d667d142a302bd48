"""Closed days are written to the lake as sorted Parquet, again when healed, and old ones leave the warehouse file.

A long day is written while it goes on, too, again each time: what is published needs only what has come since.

Belongs here: writing, dropping and deleting, so that a day leaves only what another place has for certain. Does not:
which day is where (``history``).
"""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from iot_assets.errors import StorageError
from iot_assets.warehouse.connection import scalar, transaction
from iot_assets.warehouse.ddl import literal
from iot_assets.warehouse.durable import sync
from iot_assets.warehouse.history import KINDS, STAYING, forget_touches, lake_of, of_day, span_of

_UNFINISHED: Final = ".tmp"
#: Rows of a day are in groups of so many, a quarter of DuckDB's default: one device is in one or two groups. Fetching a
#: device of 10,000 back from 181 days takes 0.31 s instead of 0.57, for files that are a quarter larger.
GROUP_ROWS: Final = 30_720
#: A day of so many rows is exported also while it goes on, as far as it has come; fewer are copied by each publication.
OPEN_ROWS: Final = 250_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export did: days written, days that left the warehouse file, files deleted."""

    written: int
    evicted: int
    deleted: int


def export(
    connection: duckdb.DuckDBPyConnection, *, closed_after: timedelta, hot_days: int, grace: timedelta
) -> Exported:
    """Write closed or long days that are not in the lake as they are now, drop old ones from the file, tidy up.

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
        # What is left has no rows, here or in the lake.
        connection.execute("delete from ops.touched_days where kind = ? and day <= ?", [kind, newest])
        if kind in STAYING:
            continue
        for day in _to_evict(connection, kind, datetime.now(UTC).date() - timedelta(days=hot_days)):
            evicted += _evict_day(connection, kind, day)
    return Exported(written, evicted, _delete_retired(connection, grace))


def _to_export(connection: duckdb.DuckDBPyConnection, kind: str, newest: date) -> list[date]:
    table = KINDS[kind][0]
    found = connection.execute(
        f"select distinct date_of({table.time}) as day from {table.full_name} where day <= ? and (day in"
        " (select day from ops.touched_days where kind = ?) or day not in"
        " (select day from ops.history where kind = ? and state <> 'retired')) order by day",
        [newest, kind, kind],
    ).fetchall()
    # A day that healing has emptied has no rows any more, and its file must go all the same.
    emptied = connection.execute(
        "select day from ops.history where kind = ? and state <> 'retired' and day in"
        " (select day from ops.touched_days where kind = ?)",
        [kind, kind],
    ).fetchall()
    return sorted({day for (day,) in (*found, *emptied)} | _long_and_open(connection, kind, newest))


def _long_and_open(connection: duckdb.DuckDBPyConnection, kind: str, newest: date) -> set[date]:
    """Days that go on and are long already: else each publication would copy all of them."""
    table = KINDS[kind][0]
    assert table.time is not None
    found = connection.execute("select day from ops.touched_days where kind = ? and day > ?", [kind, newest]).fetchall()
    rows = f"select count(*) from {table.full_name} where "
    return {day for (day,) in found if scalar(connection, rows + span_of(day).condition(table.time)) >= OPEN_ROWS}


def _export_day(connection: duckdb.DuckDBPyConnection, kind: str, day: date) -> None:
    rows = int(scalar(connection, f"select count(*) from ({of_day(connection, kind, day)})"))
    path, size = _write_day(connection, kind, day) if rows else ("", 0)
    was = "select state from ops.history where kind = ? and day = ? and state <> 'retired'"
    with transaction(connection):
        state = scalar(connection, was, [kind, day]) or "hot"
        connection.execute(
            "update ops.history set state = 'retired', retired_at = null where kind = ? and day = ?"
            " and state <> 'retired'",
            [kind, day],
        )
        if rows:
            connection.execute(
                "insert into ops.history values (?, ?, ?, ?, ?, ?, now(), null)", [kind, day, path, rows, size, state]
            )
        else:
            connection.execute("delete from ops.thawed where kind = ? and day = ?", [kind, day])
        forget_touches(connection, kind, day)


def _write_day(connection: duckdb.DuckDBPyConnection, kind: str, day: date) -> tuple[str, int]:
    _, folder, order = KINDS[kind]
    lake = lake_of(connection)
    path = f"{folder}/date={day}/{kind}-{time.time_ns() // 1_000_000}.parquet"
    target = lake / path
    temporary = target.with_suffix(_UNFINISHED)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        connection.execute(
            f"copy (select * from ({of_day(connection, kind, day)}) order by {order})"
            f" to {literal(str(temporary))} (format parquet, compression zstd, row_group_size {GROUP_ROWS})"
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
        "select day from ops.history where kind = $kind and (state = 'hot' and day < $before"
        " or state = 'cold' and day in (select day from ops.thawed where kind = $kind))"
        " and day not in (select day from ops.touched_days where kind = $kind)"
        " and day not in (select date_of(minute_at) from ops.dirty) order by day",
        {"kind": kind, "before": before},
    ).fetchall()
    return [day for (day,) in found]


def _evict_day(connection: duckdb.DuckDBPyConnection, kind: str, day: date) -> bool:
    """Drop a day, or what of it was thawed, from the warehouse file, unless the lake's file is not as in the ledger."""
    table = KINDS[kind][0]
    assert table.time is not None
    path, rows, state = connection.execute(
        "select path, rows, state from ops.history where kind = ? and day = ? and state <> 'retired'", [kind, day]
    ).fetchall()[0]
    with transaction(connection):
        if _rows_in(lake_of(connection) / path) != rows:
            _log.error("%s does not hold the %d rows of %s %s", path, rows, table.full_name, day)
            if state == "hot":  # the warehouse file has them all: the next export writes them anew
                connection.execute("insert into ops.touched_days values (?, ?)", [kind, day])
            return False
        connection.execute(f"delete from {table.full_name} where {span_of(day).condition(table.time)}")
        connection.execute("delete from ops.thawed where kind = ? and day = ?", [kind, day])
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
