"""Rules about a value: alone (range, suspect_range, sentinel) or beside its neighbours (spike, rate_of_change).

Belongs here: which readings are judged again. Does not: the verdicts (``sql/rules/alone.sql``, ``beside.sql``). Values
alone are judged in the dirty minutes and nowhere else. What depends on neighbours is judged as far around them as the
rules reach, but only for series in which there may be anything to say: mostly a look at the new readings shows that
there is not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Final

import duckdb

from iot_assets.warehouse import history
from iot_assets.warehouse.connection import scalar
from iot_assets.warehouse.ddl import literal
from iot_assets.warehouse.queries import filled
from iot_assets.warehouse.rules import hits
from iot_assets.warehouse.rules.hits import ALONE
from iot_assets.warehouse.spans import Span, apart, devices_of, spans_of, within
from iot_assets.warehouse.tables import READINGS, RULE_HITS

BESIDE: Final = ("spike", "rate_of_change")
#: All kinds whose verdict may change by what comes before or after in time.
_CHAINED: Final = (*BESIDE, "clock_step", "gap")
_KINDS: Final = MappingProxyType({"rules/alone": ALONE, "rules/beside": BESIDE})
_MINUTE: Final = timedelta(minutes=1)


def judge(connection: duckdb.DuckDBPyConnection, excluding: str) -> None:
    """Judge both; makes ``chain`` and ``unclear``, by which other kinds know where nothing can have changed."""
    spans = _to_the_end(spans_of(connection, "rejudged_minutes", "minute_at"))
    only = devices_of(connection, "dirty_news")
    standing = within(RULE_HITS.full_name, "event_at", spans, only=only)
    if _any(connection, ALONE):
        readings = history.everywhere(connection, READINGS, spans, only=only)
        connection.execute(filled("rules/suspects", kinds=_listed(ALONE), readings=readings, hits=standing))
        connection.execute(
            "create or replace temp table judged_buckets as"
            " select device_id, metric, minute_at as bucket_at from rejudged_minutes"
            " semi join suspects using (device_id, metric)"
        )
        _judge(connection, "rules/alone", "minute", 0, excluding)
    readings = within("silver.readings", "event_at", spans, only=only)
    connection.execute(filled("rules/fresh", minutes="rejudged_minutes", readings=readings, excluding=excluding))
    if _any(connection, _CHAINED):
        connection.execute(filled("rules/chain", kinds=_listed(_CHAINED), hits=standing))
    if _any(connection, BESIDE):
        connection.execute(filled("rules/jumpy", hits=standing, alone=hits.ALONE_LISTED))
        reach_s = float(scalar(connection, f"select max(within_s) from rule_series where kind in ({_listed(BESIDE)})"))
        hours = math.ceil(reach_s / 3600)
        connection.execute(
            "create or replace temp table judged_buckets as"
            " select distinct device_id, metric, hour_at + to_hours(n) as bucket_at from"
            " (select distinct device_id, metric, hour_of(minute_at) as hour_at from rejudged_minutes)"
            f" semi join jumpy using (device_id, metric), range(-{hours}, {hours + 1}) r(n)"
        )
        _judge(connection, "rules/beside", "hour", reach_s, excluding)


def _judge(connection: duckdb.DuckDBPyConnection, name: str, width: str, reach_s: float, excluding: str) -> None:
    """Judge the readings of ``judged_buckets``, of this width, with ``sql/<name>.sql``."""
    if not scalar(connection, "select count(*) from judged_buckets"):
        return
    kinds = _KINDS[name]
    reach, bucket = timedelta(seconds=reach_s), timedelta(**{f"{width}s": 1})
    around = apart(
        [Span(s.first - reach, s.last + bucket + reach) for s in spans_of(connection, "judged_buckets", "bucket_at")]
    )
    only = devices_of(connection, "judged_buckets")
    readings = history.everywhere(connection, READINGS, around, only=only)
    if kinds == BESIDE:
        readings = hits.but_for_excluded(readings, around, only)
    connection.execute(filled(name, kinds=_listed(kinds), readings=readings, excluding=excluding))
    hits.stand(connection, kinds, "judged_buckets", width=width)
    hits.put(connection)


def _any(connection: duckdb.DuckDBPyConnection, kinds: Sequence[str]) -> bool:
    return bool(scalar(connection, f"select count(*) from rule_series where kind in ({_listed(kinds)})"))


def _to_the_end(spans: list[Span]) -> list[Span]:
    return [Span(s.first, s.last + _MINUTE - timedelta(microseconds=1)) for s in spans]


def _listed(kinds: Sequence[str]) -> str:
    return ", ".join(literal(kind) for kind in kinds)
