"""Days that are yet to be judged by the rules in force, after these have changed.

Belongs here: which days, and how many at a time. Does not: judging. A day is judged wherever it is: of one that only
the lake has, nothing is brought back but the devices of which rollups change.
"""

from __future__ import annotations

from typing import Final

import duckdb

from iot_assets.warehouse import history
from iot_assets.warehouse.connection import scalar
from iot_assets.warehouse.spans import apart
from iot_assets.warehouse.tables import READINGS, READINGS_1MIN

#: So many readings are judged again in one transaction, which takes seconds; a larger day is done in parts.
MOST: Final = 500_000


def list_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Every day that has readings is to be judged again."""
    connection.execute("delete from ops.unjudged_days")
    connection.execute(
        "insert into ops.unjudged_days by name select day, unnest(range(parts)) as part, parts from"
        f" (select date_of(bucket_at) as day, (sum(n) // {MOST} + 1)::bigint as parts from gold.readings_1d group by 1)"
    )


def left(connection: duckdb.DuckDBPyConnection) -> int:
    """How many days, or parts of large ones, are yet to be judged."""
    return int(scalar(connection, "select count(*) from ops.unjudged_days"))


def take(connection: duckdb.DuckDBPyConnection) -> None:
    """Make ``rejudged_minutes``, the dirty ones and those of the next days, and ``again_received`` of the latter."""
    connection.execute(
        "create or replace temp table again_received as select device_id, metric, event_at as since_at,"
        " event_at as until_at from gold.latest where false"
    )
    connection.execute(
        "create or replace temp table rejudged_minutes as select device_id, metric, minute_at from dirty_minutes"
    )
    if not left(connection):
        return
    connection.execute(
        "create or replace temp table taken_days as select u.* from ops.unjudged_days u left join"
        " (select date_of(bucket_at) as day, sum(n) as n from gold.readings_1d group by day) d using (day)"
        f" window line as (order by day desc, part) qualify sum(coalesce(n, 0) / parts) over line <= {MOST}"
        " or row_number() over line = 1"
    )
    days = connection.execute("select distinct day from taken_days order by 1").fetchall()
    spans = apart([history.span_of(day) for (day,) in days])
    share = "md5_number_lower(device_id) % parts = part"
    minutes = history.everywhere(connection, READINGS_1MIN, spans)
    connection.execute(
        "insert into rejudged_minutes select m.device_id, m.metric, m.bucket_at from"
        f" ({minutes}) m join taken_days t on t.day = date_of(m.bucket_at) and {share}"
        " except select * from dirty_minutes"
    )
    readings = history.everywhere(connection, READINGS, spans)
    connection.execute(
        "insert into again_received select r.device_id, r.metric, min(r.received_at), max(r.received_at) from"
        f" ({readings}) r join taken_days t on t.day = date_of(r.event_at) and {share}"
        " where r.value is not null group by r.device_id, r.metric"
    )
    connection.execute("delete from ops.unjudged_days where (day, part) in (select (day, part) from taken_days)")
