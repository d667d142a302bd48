"""Gaps: readings before which there was nothing for too long, however long that was.

Belongs here: finding what was there before, in the rollups: they tell when the first and the last reading of each
minute and day was, and so no time of silver is searched. Does not: the verdict (``sql/rules/gap.sql``). To be called
when the rollups are healed; what ends a gap is excluded from nothing, so they need no healing after it.

Where a series just goes on, ``chain`` has what was before. Else whole days of it are judged again.
"""

from __future__ import annotations

from datetime import timedelta

import duckdb

from iot_assets.warehouse import history
from iot_assets.warehouse.connection import scalar
from iot_assets.warehouse.queries import filled
from iot_assets.warehouse.rules import hits
from iot_assets.warehouse.spans import Span, apart, devices_of, spans_of, within
from iot_assets.warehouse.tables import READINGS, READINGS_1H, READINGS_1MIN, RULE_HITS

_DAY = timedelta(days=1) - timedelta(microseconds=1)


def judge(connection: duckdb.DuckDBPyConnection, excluding: str) -> None:
    """Bring the hits of gaps up to date; ``chain`` and ``unclear`` are made."""
    connection.execute(
        "create or replace temp table late as select device_id, metric"
        " from (select distinct device_id, metric from rule_series where kind = 'gap') semi join"
        " (select device_id, metric from unclear union select h.device_id, h.metric from gold.rule_hits h"
        " semi join rejudged_minutes m on m.device_id = h.device_id and m.metric = h.metric"
        " and m.minute_at = minute_of(h.event_at) where h.kind = 'gap') using (device_id, metric)"
    )
    connection.execute(filled("rules/gap_days"))
    days = [Span(s.first, s.last + _DAY) for s in spans_of(connection, "gap_days", "bucket_at")]
    only = devices_of(connection, "late")
    rollups = history.everywhere(connection, READINGS_1MIN, days, only=only)
    standing = within(RULE_HITS.full_name, "event_at", days, only=only)
    connection.execute(filled("rules/gap_steps", rollups=rollups, hits=standing))
    connection.execute(
        "create or replace temp table gap_rhythm_days as"
        " select g.device_id, g.metric, g.on_at, d.bucket_at as day_at"
        " from (select distinct device_id, metric, day_of(event_at) as on_at from gap_steps) g asof join"
        " (select * from gold.readings_1d where n_valid > 0 and device_id in (select device_id from gap_steps)) d"
        " on d.device_id = g.device_id and d.metric = g.metric and d.bucket_at < g.on_at"
        if scalar(connection, "select count(*) from rule_series where kind = 'gap' and intervals is not null")
        else "create or replace temp table gap_rhythm_days as"
        " select device_id, metric, event_at as on_at, event_at as day_at from gap_steps where false"
    )
    only = devices_of(connection, "gap_steps")
    rhythm = [Span(s.first, s.last + _DAY) for s in spans_of(connection, "gap_rhythm_days", "day_at")]
    connection.execute(
        filled(
            "rules/gap",
            readings=history.everywhere(connection, READINGS, spans_of(connection, "gap_steps", "event_at"), only=only),
            hours=history.everywhere(connection, READINGS_1H, apart(rhythm), only=only),
            excluding=excluding,
        )
    )
    hits.stand(connection, ["gap"], "gap_days", width="day")
    hits.put(connection)
