"""Literal time spans and devices, so that a look-up in a long table reads only what can hold the answer.

DuckDB prunes by a literal range on one column, not by a join condition and not by ranges joined with ``or`` (on
30 million rows: 88 ms by join, 53 ms by ``or``, 3 ms by a union of ranges). So a look-up is a union, a branch a span.
Literal devices are judged before any other column is read, and prune the lake's files, which are sorted by device. That
counts, since message ids are slow to read where they are packed: 200 ns each.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import duckdb

from iot_assets.warehouse.ddl import literal

#: More branches than this cost more to plan than they save; the nearest spans are merged until they fit.
MOST_SPANS: Final = 48
#: Spans closer than this are one: what lies between costs less than another branch.
_NEAR: Final = timedelta(hours=6)
#: Look-ups prune by spans of days and hours, so within this time the order of rows does not matter.
_BRIEF: Final = timedelta(hours=1)
#: More devices than this are not listed: nearly every block of rows would hold one of them.
MOST_DEVICES: Final = 50


@dataclass(frozen=True, slots=True)
class Span:
    """All instants from ``first`` to ``last``, both included."""

    first: datetime
    last: datetime

    def condition(self, column: str) -> str:
        """The span as a SQL condition with literal bounds."""
        return f"{column} between {instant(self.first)} and {instant(self.last)}"


def instant(at: datetime) -> str:
    """An instant as a SQL literal, in UTC, to the microsecond."""
    return f"timestamptz '{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00'"


def spans_of(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> list[Span]:
    """The spans that hold all instants of a (small) table's column: one a run of touched days, as tight as can be."""
    found = connection.execute(
        f"select min({column}), max({column}) from {table} group by epoch_us({column}) // 86400000000 order by 1"
    ).fetchall()
    spans: list[Span] = []
    for first, last in found:
        if first is None:
            continue
        if spans and first - spans[-1].last < _NEAR:
            spans[-1] = Span(spans[-1].first, last)
        else:
            spans.append(Span(first, last))
    return merge(spans)


def ordered(connection: duckdb.DuckDBPyConnection, table: str, *columns: str) -> str:
    """How to sort what is to be put into a long table, by an instant first.

    What spans little time stays as it arrived, since sorting takes longest of all.
    """
    spans = spans_of(connection, table, columns[0])
    brief = not spans or spans[-1].last - spans[0].first <= _BRIEF
    return "" if brief else f"order by {', '.join(columns)}"


def devices_of(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """A SQL condition that a row's device is one of those of a (small) table; says nothing where they are many."""
    found = connection.execute(f"select distinct device_id from {table} order by 1 limit {MOST_DEVICES + 1}").fetchall()
    if not 0 < len(found) <= MOST_DEVICES:
        return "true"
    return f"device_id in ({', '.join(literal(device) for (device,) in found)})"


def merge(spans: list[Span], most: int = MOST_SPANS) -> list[Span]:
    """Join the nearest neighbours of sorted spans until at most ``most`` are left."""
    if len(spans) <= most:
        return spans
    gaps = sorted(range(1, len(spans)), key=lambda i: spans[i].first - spans[i - 1].last, reverse=True)
    cuts = sorted(gaps[: most - 1])
    merged = []
    for start, end in zip([0, *cuts], [*cuts, len(spans)], strict=True):
        merged.append(Span(spans[start].first, spans[end - 1].last))
    return merged


def apart(spans: list[Span]) -> list[Span]:
    """The instants of sorted spans in such as do not overlap: of widened ones ``within`` would give rows twice."""
    found: list[Span] = []
    for span in spans:
        if found and span.first <= found[-1].last + timedelta.resolution:
            found[-1] = Span(found[-1].first, max(found[-1].last, span.last))
        else:
            found.append(span)
    return found


def inhabited(
    connection: duckdb.DuckDBPyConnection, table: str, column: str, spans: list[Span], *, only: str
) -> list[Span]:
    """Those of the spans in which rows of a table stand: of what is new mostly none, and then nothing is joined."""
    return [
        span
        for span in spans
        if connection.execute(f"select 1 from {table} where {span.condition(column)} and {only} limit 1").fetchall()
    ]


def within(table: str, column: str, spans: list[Span], *, select: str = "*", only: str = "true") -> str:
    """A query for the rows of ``table`` whose ``column`` lies in one of the spans; empty spans give no rows.

    ``only`` is another condition that they must meet, such as that of ``devices_of``.
    """
    if not spans:
        return f"select {select} from {table} where false"
    return "\nunion all\n".join(
        f"select {select} from {table} where {span.condition(column)} and {only}" for span in spans
    )
