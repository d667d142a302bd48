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
    by_day = next((c for n in (table.time, "landed_on", "day") for c in table.columns if c.name == n), None)
    before, after = (_rows(connection, file, table) for file in ("before", "after"))
    digests = _digests(connection, [*key, *(c.name for c in columns)], by_day, before, after)
    joined = " and ".join(f"b.{quote(c)} is not distinct from a.{quote(c)}" for c in key)
    differs = " or ".join(f"b.{quote(c.name)} is distinct from a.{quote(c.name)}" for c in columns) or "false"
    pairs = ", ".join(
        [f"coalesce(b.{quote(c)}, a.{quote(c)}) as {quote(c)}" for c in key]
        + [f"b.{quote(c.name)} as {quote('before ' + c.name)}" for c in columns]
        + [f"a.{quote(c.name)} as {quote('after ' + c.name)}" for c in columns]
    )
    day = f"coalesce({_day(by_day, 'b.')}, {_day(by_day, 'a.')})"
    connection.execute(
        f"create or replace temp table differing as"
        f" select case when b.present is null then 'added' when a.present is null then 'removed' else 'changed' end"
        f" as what, {day} as day, {pairs}"
        f" from ({before} where {digests.differ}) b full join ({after} where {digests.differ}) a on {joined}"
        f" where b.present is null or a.present is null or {differs}"
    )
    counts = dict(connection.execute("select what, count(*) from differing group by 1").fetchall())
    days = connection.execute(
        "select day, count(*) filter (what = 'added'), count(*) filter (what = 'removed'),"
        " count(*) filter (what = 'changed') from differing group by 1 order by 1"
    ).fetchall()
    names = ", ".join(quote(c) for c in key)
    return TableDiff(
        table=table.full_name,
        rows_before=digests.rows_before,
        rows_after=digests.rows_after,
        added=int(counts.get("added", 0)),
        removed=int(counts.get("removed", 0)),
        changed=int(counts.get("changed", 0)),
        days=[Day(*row) for row in days],
        largest=_largest(connection, names, columns),
        examples=rows(
            connection, f"select what, {names} from differing where what <> 'changed' order by all limit {SHOWN}"
        ),
    )


@dataclass(frozen=True, slots=True)
class _Digests:
    """How many rows there are, and a condition for the rows of days that may differ: only these are compared."""

    rows_before: int
    rows_after: int
    differ: str


def _digests(
    connection: duckdb.DuckDBPyConnection, columns: list[str], by_day: Column | None, before: str, after: str
) -> _Digests:
    day = _day(by_day)
    hashed = f"hash({', '.join(map(quote, columns))})::hugeint"
    digest = f"select {day} as day, count(*) as n, sum({hashed}) as digest from"
    found = connection.execute(
        "select coalesce(b.day, a.day), b.n, a.n, b.digest is distinct from a.digest"
        f" from ({digest} ({before}) group by 1) b"
        f" full join ({digest} ({after}) group by 1) a on b.day is not distinct from a.day"
    ).fetchall()
    differing = sorted(row[0] for row in found if row[3] and row[0] is not None)
    days = ", ".join(f"date '{one}'" for one in differing)
    spans = f"({day}) in ({days}) and {quote(by_day.name)} >= '{differing[0]}'" if by_day and differing else "false"
    undated = any(row[3] and row[0] is None for row in found)
    differ = f"({spans} or ({day}) is null)" if undated else spans
    return _Digests(sum(row[1] or 0 for row in found), sum(row[2] or 0 for row in found), differ)


def _day(column: Column | None, of: str = "") -> str:
    if column is None:
        return "null::date"
    name = of + quote(column.name)
    # Ten times as fast as a cast to a date, which asks for the time zone.
    return name if column.type == "DATE" else f"date '1970-01-01' + floor(epoch_us({name}) / 86400000000)::integer"


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
        return f"from (select *, null::boolean as present from (select {_nothing(table)}) where false)"
    recent = ""
    if table in RECENT:
        # What is published of such a table depends on when that was.
        published = scalar(
            connection,
            'select max(published_at) from (select published_at from "before".ops.published'
            ' union all select published_at from "after".ops.published)',
        )
        recent = f" where {table.time} >= {instant(published - RECENT[table])}"
    return f"from (select *, true as present from {quote(file)}.{table.full_name}{recent})"


def _nothing(table: Table) -> str:
    return ", ".join(f"null::{c.type} as {quote(c.name)}" for c in table.columns)


def _columns(connection: duckdb.DuckDBPyConnection, file: str, table: Table) -> set[str]:
    found = connection.execute(
        "select column_name from information_schema.columns"
        " where table_catalog = ? and table_schema = ? and table_name = ?",
        [file, table.schema, table.name],
    ).fetchall()
    return {row[0] for row in found}
