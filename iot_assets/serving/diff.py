"""What differs between two published files: rows that one alone has, rows that say something else, by table and day.

Belongs here: comparing. Does not: making the files (``cli/rehearsal.py``), printing. Compared is what is a function of
the data: not what tells of the moment at which, or the run by which, a file was made.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import duckdb

from iot_assets.serving.published import QuestionError
from iot_assets.warehouse.connection import rows, scalar
from iot_assets.warehouse.ddl import literal, quote
from iot_assets.warehouse.publish import RECENT, SPANNED, WHOLE
from iot_assets.warehouse.spans import instant
from iot_assets.warehouse.tables import ALERTS, DEVICE_EVENTS, DEVICE_STATUS, QUALITY_LOG, Column, Table

#: Tables that tell of what happened here, or of now.
_OF_THE_MOMENT: Final = (ALERTS, DEVICE_EVENTS, DEVICE_STATUS, QUALITY_LOG)
#: Columns that say how a row came in, which a rebuild changes.
_BOOKKEEPING: Final = ("batch_id", "file_id", "entered_at", "replayed_at")
#: Columns that change with others, and by so much that nothing else would be among the largest changes.
_FOLLOWING: Final = ("sum_squares",)
_NUMBERS: Final = ("DOUBLE", "BIGINT", "INTEGER", "TINYINT", "DECIMAL(38,12)")
#: So many of the largest changes, and rows that only one file has, are shown of each table.
SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Day:
    """The differences of one day, by the table's time; ``day`` is None where it has none."""

    day: date | None
    added: int
    removed: int
    changed: int


@dataclass(frozen=True, slots=True)
class TableDiff:
    """How one table differs; ``largest`` are changes of numbers, largest first, then other changes."""

    table: str
    rows_before: int
    rows_after: int
    added: int
    removed: int
    changed: int
    days: list[Day]
    largest: list[dict[str, Any]]
    examples: list[dict[str, Any]]

    @property
    def differs(self) -> bool:
        """Whether anything does."""
        return bool(self.added or self.removed or self.changed)


def diff(before: Path, after: Path) -> list[TableDiff]:
    """Compare two published files, table by table.

    Raises:
        QuestionError: one of them is no published file.
    """
    with _both(before, after) as connection:
        return [_compare(connection, table) for table in (*WHOLE, *RECENT, *SPANNED.values()) if _is_compared(table)]


@contextmanager
def _both(before: Path, after: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(":memory:")
    try:
        connection.execute("set TimeZone = 'UTC'")
        for path, name in ((before, "before"), (after, "after")):
            if not path.exists():
                raise QuestionError(f"{path} does not exist")
            try:
                connection.execute(f"attach {literal(str(path))} as {quote(name)} (read_only)")
                connection.execute(f"select version from {quote(name)}.ops.published")
            except duckdb.Error as error:
                raise QuestionError(f"{path} is no published file: {error}") from error
        yield connection
    finally:
        connection.close()


def _is_compared(table: Table) -> bool:
    return bool(table.key) and table not in _OF_THE_MOMENT


def _compare(connection: duckdb.DuckDBPyConnection, table: Table) -> TableDiff:
    # Rows which the key does not bind are told apart by where they come from.
    key = [*table.key, *(("message_id", "position") if table.keyless else ())]
    said = _columns(connection, "before", table), _columns(connection, "after", table)
    columns = [c for c in table.columns if c.name not in (*key, *_BOOKKEEPING) and all(c.name in s for s in said)]
    joined = " and ".join(f"b.{quote(c)} is not distinct from a.{quote(c)}" for c in key)
    differs = " or ".join(f"b.{quote(c.name)} is distinct from a.{quote(c.name)}" for c in columns) or "false"
    pairs = ", ".join(
        [f"coalesce(b.{quote(c)}, a.{quote(c)}) as {quote(c)}" for c in key]
        + [f"b.{quote(c.name)} as {quote('before ' + c.name)}" for c in columns]
        + [f"a.{quote(c.name)} as {quote('after ' + c.name)}" for c in columns]
    )
    day = _day(table)
    connection.execute(
        f"create or replace temp table differing as"
        f" select case when b.present is null then 'added' when a.present is null then 'removed' else 'changed' end"
        f" as what, {day} as day, {pairs}"
        f" from ({_rows(connection, 'before', table)}) b full join ({_rows(connection, 'after', table)}) a on {joined}"
        f" where b.present is null or a.present is null or {differs}"
    )
    counts = dict(connection.execute("select what, count(*) from differing group by 1").fetchall())
    days = connection.execute(
        "select day, count(*) filter (what = 'added'), count(*) filter (what = 'removed'),"
        " count(*) filter (what = 'changed') from differing group by 1 order by 1"
    ).fetchall()
    names = ", ".join(quote(c) for c in key)
    sizes = [
        int(scalar(connection, f"select count(*) from ({_rows(connection, file, table)})"))
        for file in ("before", "after")
    ]
    return TableDiff(
        table=table.full_name,
        rows_before=sizes[0],
        rows_after=sizes[1],
        added=int(counts.get("added", 0)),
        removed=int(counts.get("removed", 0)),
        changed=int(counts.get("changed", 0)),
        days=[Day(*row) for row in days],
        largest=_largest(connection, names, columns),
        examples=rows(
            connection, f"select what, {names} from differing where what <> 'changed' order by all limit {SHOWN}"
        ),
    )


def _largest(connection: duckdb.DuckDBPyConnection, names: str, columns: list[Column]) -> list[dict[str, Any]]:
    changes = []
    for c in columns:
        if c.name in _FOLLOWING:
            continue
        one, other = quote(f"before {c.name}"), quote(f"after {c.name}")
        by = f"abs({other}::double - {one}::double)" if c.type in _NUMBERS else "null::double"
        changes.append(
            f"select {names}, {literal(c.name)} as column_name, {one}::varchar as before,"
            f" {other}::varchar as after, {by} as change"
            f" from differing where what = 'changed' and {one} is distinct from {other}"
        )
    if not changes:
        return []
    together = " union all ".join(changes)
    return rows(
        connection, f"select * from ({together}) order by change desc nulls last, {names}, column_name limit {SHOWN}"
    )


def _rows(connection: duckdb.DuckDBPyConnection, file: str, table: Table) -> str:
    """A query for the rows of one file that can be compared; none where the file has no such table."""
    if not _columns(connection, file, table):
        return f"select *, null::boolean as present from (select {_nothing(table)}) where false"
    recent = ""
    if table in RECENT:
        # What is published of such a table depends on when that was.
        published = scalar(
            connection,
            "select max(published_at) from (select published_at from before.ops.published"
            " union all select published_at from after.ops.published)",
        )
        recent = f" where {table.time} >= {instant(published - RECENT[table])}"
    return f"select *, true as present from {quote(file)}.{table.full_name}{recent}"


def _nothing(table: Table) -> str:
    return ", ".join(f"null::{c.type} as {quote(c.name)}" for c in table.columns)


def _columns(connection: duckdb.DuckDBPyConnection, file: str, table: Table) -> set[str]:
    found = connection.execute(
        "select column_name from information_schema.columns"
        " where table_catalog = ? and table_schema = ? and table_name = ?",
        [file, table.schema, table.name],
    ).fetchall()
    return {row[0] for row in found}


def _day(table: Table) -> str:
    for name in (table.time, "landed_on", "day"):
        if name is not None and any(c.name == name for c in table.columns):
            return f"coalesce(b.{quote(name)}, a.{quote(name)})::date"
    return "null::date"
