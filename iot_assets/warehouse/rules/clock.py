"""Clock steps: readings whose event time is before that of what arrived before them.

Belongs here: finding the few series in which the order of arrival is not that of time, and judging what arrived in them
since the news and as long after it as a rule reaches. Does not: the verdict (``sql/rules/clock_step.sql``).
"""

from __future__ import annotations

from datetime import timedelta

import duckdb

from iot_assets.warehouse import history
from iot_assets.warehouse.connection import scalar
from iot_assets.warehouse.queries import filled
from iot_assets.warehouse.rules import hits
from iot_assets.warehouse.spans import Span, apart, devices_of, instant, merge, within
from iot_assets.warehouse.tables import READINGS


def judge(connection: duckdb.DuckDBPyConnection, excluding: str) -> None:
    """Bring the hits of clock steps up to date; ``chain`` and ``unclear`` are made."""
    reach_s = scalar(connection, "select max(within_s) from rule_series where kind = 'clock_step'")
    if reach_s is None:
        return
    since = scalar(connection, "select min(since_at) from dirty_news")
    connection.execute(filled("rules/stepping", later=_later(connection, f"received_at >= {instant(since)}")))
    if not scalar(connection, "select count(*) from stepping"):
        return
    reach = timedelta(seconds=reach_s)
    received = connection.execute(
        "select min(since_at), max(until_at) from stepping group by since_at::date, until_at::date order by 1"
    ).fetchall()
    spans = [Span(first - reach, last + reach) for first, last in received]
    only = devices_of(connection, "stepping")
    connection.execute(
        filled(
            "rules/clock_step",
            readings=_received(connection, merge(apart(spans)), only),
            reach_us=str(reach // timedelta(microseconds=1)),
            excluding=excluding,
        )
    )
    hits.put(connection)


def _later(connection: duckdb.DuckDBPyConnection, since: str) -> str:
    """A query for the readings received since the first news; for none where all of them are fresh."""
    counts = (f"(select count(*) from {table} where {since})" for table in ("silver.readings", "fresh"))
    if scalar(connection, f"select {' = '.join(counts)}"):
        since = "false"
    return f"select device_id, metric, event_at, received_at from silver.readings where {since}"


def _received(connection: duckdb.DuckDBPyConnection, spans: list[Span], only: str) -> str:
    """A query for the readings received within the spans; in the lake, of days exported since then."""
    hot = within("silver.readings", "received_at", spans, only=only)
    if not history.has_cold(connection, READINGS.name):
        return hot
    found = connection.execute(
        "select day from ops.history where kind = 'readings' and state = 'cold' and exported_at >= ?",
        [spans[0].first - timedelta(days=1)],
    ).fetchall()
    rows = history.cold(connection, READINGS.name, {day for (day,) in found})
    listed = " or ".join(span.condition("received_at") for span in spans)
    return f"{hot} union all select * from ({rows}) where ({listed}) and {only}"
