"""Rule hits: which readings break which rule, a pure function of silver's readings and the rules in force.

Belongs here: which readings must be judged again, and putting the verdicts in place. Does not: the verdicts themselves
(``sql/rules/judged.sql``), the rollups, which ``gold`` heals after this from what it finds excluded.

A reading's verdict depends on neighbours at most ``reach_s`` away. So the readings as far as that around each dirty
minute are judged again, and read with as much again around them.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from datetime import timedelta

import duckdb
import pyarrow as pa

from iot_assets.model import EXCLUDING_FLAGS
from iot_assets.sections.rules import Rule
from iot_assets.warehouse import contract, history
from iot_assets.warehouse.connection import scalar, stage
from iot_assets.warehouse.contract import CheckResult
from iot_assets.warehouse.ddl import literal
from iot_assets.warehouse.queries import filled
from iot_assets.warehouse.spans import Span, devices_of, spans_of, within
from iot_assets.warehouse.tables import RULE_HITS

_DOUBLES = pa.list_(pa.float64())
_TEXTS = pa.list_(pa.string())
_SHAPE = pa.schema(
    [(name, pa.string()) for name in ("rule", "kind", "action")]
    + [(name, _TEXTS) for name in ("metrics", "devices", "units")]
    + [(name, pa.float64()) for name in ("low", "high", "limit", "within_s")]
    + [("sentinels", _DOUBLES)]
)


def fingerprint(rules: Sequence[Rule]) -> str:
    """Differs where anything does that a verdict depends on."""
    return hashlib.sha256("\n".join(rule.model_dump_json() for rule in rules).encode()).hexdigest()


def judge(connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule]) -> int:
    """Bring gold.rule_hits up to date; minutes whose exclusions change join ``dirty_minutes``. Rows written.

    Where the rules are others than those of the last time, all readings in the warehouse file are judged again.
    """
    news = fingerprint(rules)
    changed = scalar(connection, "select max(fingerprint) from ops.rules") != (news if rules else None)
    if changed:
        connection.execute("delete from ops.rules")
        if rules:
            connection.execute("insert into ops.rules values (?)", [news])
    connection.execute("create or replace temp table judged as select * from gold.rule_hits where false")
    if not changed and not scalar(connection, "select count(*) from dirty_minutes"):
        return 0
    _stage(connection, rules)
    _series(connection, "select device_id, metric from gold.readings_1min union" if changed else "")
    if changed:
        # What the old rules said of a series that no rule is for any more goes too.
        pairs = "(select device_id, metric from rule_series union select device_id, metric from gold.rule_hits)"
        again = (
            "select device_id, metric, bucket_at as minute_at from gold.readings_1min"
            f" semi join {pairs} using (device_id, metric)"
        )
    else:
        pairs, again = "rule_series", ""
    if not scalar(connection, f"select count(*) from {pairs}"):
        return 0
    return _judge(connection, pairs, again, max((rule.reach_s for rule in rules), default=0))


def excluded(spans: list[Span], only: str) -> str:
    """A query for the hits within the spans that keep a reading out of the rollups."""
    return within(RULE_HITS.full_name, "event_at", spans, only=f"action = 'exclude' and {only}")


def checks(connection: duckdb.DuckDBPyConnection) -> list[CheckResult]:
    """The declaration of gold.rule_hits, over what was just judged."""
    rows = "select * from judged"
    return [contract.contract(connection, RULE_HITS, among=rows, written=rows)]


def _judge(connection: duckdb.DuckDBPyConnection, pairs: str, again: str, reach_s: float) -> int:
    minutes = math.ceil(reach_s / 60)
    connection.execute(
        "create or replace temp table judged_minutes as"
        f" select distinct device_id, metric, minute_at + to_minutes(n) as minute_at from dirty_minutes"
        f" semi join {pairs} using (device_id, metric), range(-{minutes}, {minutes + 1}) as around(n)"
        + (f" union {again}" if again else "")
    )
    reach = timedelta(seconds=reach_s)
    edges = (
        f"(select device_id, unnest([minute_at - interval {minutes} minute, minute_at,"
        f" minute_at + interval {minutes + 1} minute]) as at from judged_minutes)"
    )
    history.thaw(connection, "readings", edges, "at")
    spans = [
        Span(s.first - reach, s.last + timedelta(minutes=1) + reach)
        for s in spans_of(connection, "judged_minutes", "minute_at")
    ]
    only = devices_of(connection, "judged_minutes")
    excluding = ", ".join(literal(flag) for flag in EXCLUDING_FLAGS)
    readings = within("silver.readings", "event_at", _apart(spans), only=only)
    connection.execute(filled("rules/judged", readings=readings, excluding=excluding))
    standing = " union all ".join(
        f"select h.* from gold.rule_hits h semi join judged_minutes j on j.device_id = h.device_id"
        f" and j.metric = h.metric and j.minute_at = date_trunc('minute', h.event_at)"
        f" where {span.condition('h.event_at')}"
        for span in _apart(spans)
    )
    connection.execute(f"create or replace temp table standing_hits as {standing}")
    excluded = "select device_id, metric, event_at, message_id, position from {} where action = 'exclude'"
    old, new = excluded.format("standing_hits"), excluded.format("judged")
    connection.execute(
        "insert into dirty_minutes by name select device_id, metric, date_trunc('minute', event_at) as minute_at from"
        f" (({old} except {new}) union ({new} except {old})) except select * from dirty_minutes"
    )
    for span in _apart(spans):
        connection.execute(
            f"delete from gold.rule_hits where {span.condition('event_at')}"
            " and (device_id, metric, date_trunc('minute', event_at)) in"
            " (select (device_id, metric, minute_at) from judged_minutes)"
        )
    connection.execute("insert into gold.rule_hits by name select * from judged order by event_at, device_id, metric")
    return int(scalar(connection, "select count(*) from judged"))


def _apart(spans: list[Span]) -> list[Span]:
    """The same instants in spans that do not overlap: widened ones would give rows twice."""
    apart: list[Span] = []
    for span in spans:
        if apart and span.first <= apart[-1].last:
            apart[-1] = Span(apart[-1].first, max(apart[-1].last, span.last))
        else:
            apart.append(span)
    return apart


def _stage(connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule]) -> None:
    rows = [
        {
            **rule.model_dump(include={"kind", "action", "metrics", "devices", "units", "low", "high", "limit"}),
            "rule": rule.name,
            "within_s": rule.reach_s,
            "sentinels": rule.values,
        }
        for rule in rules
    ]
    stage(connection, "rules_in_force", pa.Table.from_pylist(rows, schema=_SHAPE))


def _series(connection: duckdb.DuckDBPyConnection, others: str) -> None:
    """Which rules are for which of the dirty series."""
    connection.execute(
        "create or replace temp table rule_series as"
        f" with series as ({others} select device_id, metric from dirty_minutes union select device_id, metric"
        " from dirty_minutes),"
        " metric_patterns as (select rule, unnest(metrics) as pattern from rules_in_force),"
        " device_patterns as (select rule, unnest(devices) as pattern from rules_in_force)"
        " select distinct s.device_id, s.metric, m.rule from series s"
        " join metric_patterns m on s.metric glob m.pattern"
        " join device_patterns d on d.rule = m.rule and s.device_id glob d.pattern"
    )
