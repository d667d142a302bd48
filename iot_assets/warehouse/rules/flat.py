"""Flat lines: readings that have not changed for too long.

Belongs here: which hours are judged again, and reading far back only for series that may be flat: the hours of
gold.readings_1h tell of most that they are not. Does not: the verdict (``sql/rules/flat_line.sql``).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import duckdb

from iot_assets.warehouse import history
from iot_assets.warehouse.connection import scalar
from iot_assets.warehouse.ddl import literal
from iot_assets.warehouse.queries import filled
from iot_assets.warehouse.rules import hits
from iot_assets.warehouse.spans import Span, apart, devices_of, spans_of
from iot_assets.warehouse.tables import READINGS, READINGS_1H

_HOUR: Final = timedelta(hours=1)


def judge(connection: duckdb.DuckDBPyConnection, excluding: str) -> None:
    """Bring the hits of flat lines up to date."""
    longest = scalar(connection, "select max(for_s) from rule_series where kind = 'flat_line'")
    if longest is None:
        return
    back = timedelta(seconds=longest)
    concerned = (
        "(select device_id, minute_at from rejudged_minutes"
        " semi join (select * from rule_series where kind = 'flat_line') using (device_id, metric))"
    )
    spans, only = spans_of(connection, concerned, "minute_at"), devices_of(connection, concerned)
    around = apart([Span(s.first - 4 * _HOUR, s.last + 2 * back + 2 * _HOUR) for s in spans])
    rollups = history.everywhere(connection, READINGS_1H, around, only=only)
    connection.execute(filled("rules/flat_hours", rollups=rollups))
    _narrow(connection, back, excluding)
    connection.execute("create or replace temp table flat_lines as select * from gold.rule_hits where false")
    for rule, for_s in connection.execute("select distinct rule, for_s from flat order by 1").fetchall():
        _lines(connection, rule, timedelta(seconds=for_s), excluding)
    connection.execute("create or replace temp table judged as from flat_lines")
    hits.stand(connection, ["flat_line"], "flat_hours", width="hour")
    hits.put(connection)


def _narrow(connection: duckdb.DuckDBPyConnection, back: timedelta, excluding: str) -> None:
    """Make ``flat`` of what the hours just before leave over, by those of all that a flat line reaches back to."""
    spans, only = spans_of(connection, "unchanged", "bucket_at"), devices_of(connection, "unchanged")
    around = apart([Span(s.first - 2 * back - 2 * _HOUR, s.last) for s in spans])
    asked = (
        "(select d.device_id, d.bucket_at from flat_dirty d join unchanged u using (device_id, metric)"
        " where d.bucket_at < u.bucket_at and d.bucket_at >= u.bucket_at - to_seconds(2 * u.for_s + 3600))"
    )
    dirty = apart([Span(s.first, s.last + _HOUR) for s in spans_of(connection, asked, "bucket_at")])
    connection.execute(
        filled(
            "rules/flat",
            rollups=history.everywhere(connection, READINGS_1H, around, only=only),
            readings=history.everywhere(connection, READINGS, dirty, only=devices_of(connection, asked)),
            excluding=excluding,
        )
    )


def _lines(connection: duckdb.DuckDBPyConnection, rule: str, back: timedelta, excluding: str) -> None:
    hours = f"(select * from flat where rule = {literal(rule)})"
    around = apart([Span(s.first - 2 * back, s.last + _HOUR) for s in spans_of(connection, hours, "bucket_at")])
    only = devices_of(connection, hours)
    rows = hits.but_for_excluded(history.everywhere(connection, READINGS, around, only=only), around, only)
    readings = f"select r.* from ({rows}) r semi join {hours} h on h.device_id = r.device_id and h.metric = r.metric"
    connection.execute(
        filled(
            "rules/flat_line",
            readings=readings,
            rule=literal(rule),
            for_us=str(back // timedelta(microseconds=1)),
            excluding=excluding,
        )
    )
