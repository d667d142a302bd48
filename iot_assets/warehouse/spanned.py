"""Long tables in the published copy: whole while small; else what the lake lacks of them, and views that join both.

Belongs here: which rows are copied, and the view. Does not: making the file (``publish``), the lake's days
(``history``). Of a day that the lake has, only those hours of devices are copied that have changed since, and the view
passes over these in the lake's file; ``ops.touched_hours`` of the published copy lists them, by hours since 1970 so
that no reader's time zone matters.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import duckdb

from iot_assets.warehouse import history
from iot_assets.warehouse.connection import scalar
from iot_assets.warehouse.ddl import literal
from iot_assets.warehouse.spans import Span, merge, spans_of, within
from iot_assets.warehouse.tables import QUALITY_LOG, Table

#: Never whole, as every run adds to it and few read it: recent days, and those that the lake has.
_NEVER_WHOLE: Final = (QUALITY_LOG,)
#: So many rows of older days are copied that the lake lacks, or has not as they are now; more (someone's loaded years)
#: are published when the next export has written them, and until then as the lake has them.
_CHANGED_ROWS: Final = 5_000_000
_HOUR_US: Final = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Parts:
    """How one table is published: rows copied into a table of this name, and where that is not all of it, a view."""

    name: str
    table: str
    content: str
    view: str = ""


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the list of what is copied of exported days, for ``parts`` to fill."""
    connection.execute(
        "create table serving.ops.touched_hours"
        " (kind varchar not null, hour bigint not null, device_id varchar not null)"
    )


def parts(connection: duckdb.DuckDBPyConnection, kind: str, *, whole_rows: int, recent_days: int) -> Parts:
    """How the table of a kind is published now."""
    table = history.KINDS[kind][0]
    name = table.full_name
    exported = history.exported(connection, kind)
    small = table not in _NEVER_WHOLE and scalar(connection, f"select count(*) from {name}") <= whole_rows
    if small and not history.has_cold(connection, kind):
        return Parts(name, name, f"select * from {name}")
    today = datetime.now(UTC).date()
    # One day more than the newest: clocks of devices may run a little ahead.
    recent = {today + timedelta(days=1 - ago) for ago in range(recent_days + 2)}
    days = recent | _affordable(connection, kind, history.changed(connection, kind) - recent, exported)
    content = _lacking(connection, kind, days, exported)
    if not exported:
        return Parts(name, name, content)
    connection.execute(
        "insert into serving.ops.touched_hours"
        f" select {literal(kind)}, epoch_us(hour_at) // {_HOUR_US}, device_id from touched_now"
    )
    altered = connection.execute("select distinct date_of(hour_at) from touched_now").fetchall()
    view = _view(connection, kind, exported, {day for (day,) in altered})
    return Parts(f"{name} (recent)", f"{name}_recent", content, view)


def _lacking(
    connection: duckdb.DuckDBPyConnection, kind: str, days: Collection[date], exported: Collection[date]
) -> str:
    """A query for what the lake lacks of these days; what is touched of exported ones is staged in ``touched_now``."""
    table = history.KINDS[kind][0]
    assert table.time is not None
    connection.execute(
        "create or replace temp table touched_now as select hour_at, device_id from ops.touched_hours"
        " where kind = ? and date_of(hour_at) in (select unnest(?::date[]))",
        [kind, list(days)],
    )
    hours = [
        Span(span.first, span.last + timedelta(hours=1) - timedelta.resolution)
        for span in spans_of(connection, "touched_now", "hour_at")
    ]
    whole = _of_days(table, set(days) - set(exported))
    if not hours:
        return whole
    return (
        f"{whole} union all"
        f" select r.* from ({within(table.full_name, table.time, hours)}) r"
        f" semi join touched_now t on t.device_id = r.device_id and t.hour_at = hour_of(r.{table.time})"
    )


def _view(
    connection: duckdb.DuckDBPyConnection, kind: str, exported: dict[date, str], altered: Collection[date]
) -> str:
    """The view's definition: what is copied, and the lake's days but for what is copied of them."""
    table = history.KINDS[kind][0]
    lake = history.lake_of(connection)
    as_they_are = history.from_files(table, lake, [path for day, path in exported.items() if day not in altered])
    content = f"select * from {table.full_name}_recent union all {as_they_are}"
    if altered:
        content += (
            f" union all select f.* from ({history.from_files(table, lake, [exported[day] for day in altered])}) f"
            f" anti join ops.touched_hours t on t.kind = {literal(kind)} and t.device_id = f.device_id"
            f" and t.hour = epoch_us(f.{table.time}) // {_HOUR_US}"
        )
    return f"create view {table.full_name} as {content}"


def _affordable(
    connection: duckdb.DuckDBPyConnection, kind: str, days: set[date], exported: Collection[date]
) -> set[date]:
    """The newest of the days, as many as are not too much to copy each minute."""
    if not days:
        return days
    table = history.KINDS[kind][0]
    counted = f"select date_of({table.time}), count(*) from ({_lacking(connection, kind, days, exported)}) group by 1"
    rows = dict(connection.execute(counted).fetchall())
    found, total = set(), 0
    for day in sorted(days, reverse=True):
        total += rows.get(day, 0)
        if total > _CHANGED_ROWS:
            break
        found.add(day)
    return found


def _of_days(table: Table, days: set[date]) -> str:
    """A query for the rows of these days: literal spans, so that it prunes, and exactly the days within them."""
    assert table.time is not None
    spans = merge([history.span_of(day) for day in sorted(days)])
    rows = within(table.full_name, table.time, spans)
    listed = ", ".join(f"date '{day}'" for day in sorted(days)) or "null"
    return f"select * from ({rows}) where date_of({table.time}) in ({listed})"
