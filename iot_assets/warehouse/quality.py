"""The write unit of quality: counters of each series by hour, and the scores that are made from them.

Belongs here: which hours must be judged (again), and the order of the work. Does not: what is counted, and how it is
scored (``sql/quality``).

An hour is judged up to ``ops.judged``, a moment that moves on every few minutes, message or no message; so a silent
series is found by time alone. What changes hours that have been judged (late readings, duplicates, rejects, hits of
rules) says so in ops.dirty_hours, and they are judged again: together all rows are a function of the tables before
them and of that moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import duckdb

from iot_assets.sections.quality import Quality
from iot_assets.warehouse import contract, history, ledger
from iot_assets.warehouse.connection import insert, pace, rows, scalar, transaction
from iot_assets.warehouse.contract import SAMPLE, CheckResult
from iot_assets.warehouse.ddl import literal
from iot_assets.warehouse.queries import filled
from iot_assets.warehouse.spans import Span, apart, devices_of, instant, merge, spans_of, within
from iot_assets.warehouse.tables import QUALITY_HOURLY, QUALITY_SCORE, READINGS, READINGS_1H

#: What the check ``score`` says.
SCORE: Final = "The fleet's score of the day is good (above quality.score_good)."
_HOUR: Final = timedelta(hours=1)
#: So many hours of devices are judged in one go: what they need has room in memory.
_SLICE: Final = 500_000


@dataclass(frozen=True, slots=True)
class Scored:
    """What one transaction did: hours of series and scores written."""

    hours: int
    scores: int
    checks: list[CheckResult] = field(default_factory=list)


def outdate(connection: duckdb.DuckDBPyConnection, changed: str) -> None:
    """Have the hours judged again in which rows of a query (device_id, changed_at) lie, if they have been judged."""
    connection.execute(
        "insert into ops.dirty_hours"
        " select distinct coalesce(device_id, ''), hour_of(changed_at) as hour_at"
        f" from ({changed}) where hour_at < (select max(until_at) from ops.judged)"
    )


def update(connection: duckdb.DuckDBPyConnection, quality: Quality, now: datetime, *, run_id: str) -> Scored:
    """Judge what is due as of ``now``, in a transaction of its own.

    Raises:
        ContractError: a blocking check failed; nothing was written.
    """
    with transaction(connection):
        weights = quality.weights.model_dump_json()
        standing = connection.execute("select until_at, weights from ops.judged").fetchall()
        before, weighed = standing[0] if standing else (None, None)
        step = quality.every_minutes * 60
        until = datetime.fromtimestamp((now.timestamp() - quality.lag_minutes * 60) // step * step, UTC)
        until = max(until, before or until)
        # An hour that goes on changes with each message: it is judged when the moment moves.
        news = "true" if until != before else f"hour_at <= {instant(until - _HOUR)}"
        connection.execute(f"create or replace temp table changed_hours as from ops.dirty_hours where {news}")
        if until == before and weighed == weights and not scalar(connection, "select count(*) from changed_hours"):
            return Scored(0, 0, _checks(connection, None))
        _due(connection, quality, before, until)
        pace(connection, int(scalar(connection, "select count(*) from due")))
        _learn(connection, quality, _hour(until))
        hours = sum(_judge(connection, days) for days in _slices(connection, "due", "date_of(hour_at)"))
        _weigh(connection, quality, everything=weighed not in {None, weights})
        scores = sum(_score(connection, days) for days in _slices(connection, "scores_due", "day"))
        checks = _checks(connection, until)
        contract.judge(checks)
        # What came into the hour that lasts after that moment is counted when the moment moves.
        connection.execute(f"delete from ops.dirty_hours where hour_at <= {instant(until - _HOUR)}")
        connection.execute("delete from ops.judged")
        connection.execute("insert into ops.judged values (?, ?)", [until, weights])
        if hours or scores:  # else there is no reason to publish
            ledger.mark(connection, "quality", ledger.next_number(connection, "quality"), run_id, hours)
    return Scored(hours, scores, checks)


def _due(connection: duckdb.DuckDBPyConnection, quality: Quality, before: datetime | None, until: datetime) -> None:
    """Make ``due`` (device_id, hour_at), ``learning`` (device_id, day) and what the SQL reads of the settings."""
    connection.execute(
        "create or replace temp table judged_until as"
        " select ?::timestamptz as until_at, ?::double as late_after_s, ?::integer as forget_days",
        [until, quality.late_after_minutes * 60, quality.forget_days],
    )
    since = _hour(before) if before else datetime(1, 1, 1, tzinfo=UTC)
    # Two hours more: what comes next in a series counts from the last reading before it.
    connection.execute(
        "create or replace temp table due as"
        " select distinct device_id, hour_at + to_hours(later) as hour_at from changed_hours, range(3) as r(later)"
    )
    connection.execute(
        "create or replace temp table learning as"
        " select distinct device_id, date_of(hour_at) + later::integer as day from changed_hours, range(2) as r(later)"
    )
    if since < until:
        connection.execute(
            "create or replace temp table expected_days as"
            " select distinct device_id, date_of(bucket_at) + later::integer as day from gold.readings_1d,"
            " (select unnest(range(0, (select forget_days + 1 from judged_until))) as later)"
            " where day between ?::timestamptz::date and ?::timestamptz::date"
            f" and bucket_at >= {literal(str(since))}::timestamptz - interval {quality.forget_days + 1} day",
            [since, until],
        )
        connection.execute(
            "insert into due select device_id, day::timestamptz + to_hours(h) as hour_at"
            " from expected_days, range(24) as r(h) where hour_at >= ?::timestamptz except select * from due",
            [since],
        )
        # A series has a rhythm by the hours that are over; one that has none yet, by what there is.
        unknown = "" if _hour(until) > since else " anti join ops.rhythm using (device_id)"
        connection.execute(f"insert into learning select * from expected_days{unknown} except select * from learning")
    connection.execute("delete from due where hour_at >= (select until_at from judged_until)")
    connection.execute("delete from learning where day > (select until_at from judged_until)::date")


def _learn(connection: duckdb.DuckDBPyConnection, quality: Quality, until: datetime) -> None:
    """Bring ops.rhythm up to date; what was judged by another rhythm is due again."""
    connection.execute("create or replace temp table all_learning as select * from learning")
    for days in _slices(connection, "all_learning", "day"):
        connection.execute(f"create or replace temp table learning as select * from all_learning where {_in(days)}")
        span = Span(_start(days[0]) - timedelta(days=1), _start(days[-1]) + timedelta(days=1) - timedelta.resolution)
        hours = history.everywhere(connection, READINGS_1H, [span], only=devices_of(connection, "learning"))
        over = f"select * from ({hours}) where bucket_at < {instant(until)}"
        connection.execute(filled("quality/rhythm", learned="learned", hours=over))
        new = "select device_id from learning except select device_id from learned"
        if scalar(connection, f"select count(*) from ({new})"):  # whose hours over tell nothing yet
            of_new = f"select * from ({hours}) where device_id in ({new})"
            connection.execute(filled("quality/rhythm", learned="learned_of_new", hours=of_new))
            connection.execute("insert into learned from learned_of_new")
        standing = "select r.* from ops.rhythm r semi join learning using (device_id, day)"
        connection.execute(
            "insert into due select distinct device_id, day::timestamptz + to_hours(h) as hour_at from"
            f" (((select * from learned) except ({standing})) union (({standing}) except (select * from learned))),"
            f" range({24 * (quality.forget_days + 1)}) as r(h)"
            " where hour_at < (select until_at from judged_until) except select * from due"
        )
        connection.execute("delete from ops.rhythm where (device_id, day) in (select (device_id, day) from learning)")
        insert(connection, "ops.rhythm", "select * from learned order by day, device_id, metric")


def _judge(connection: duckdb.DuckDBPyConnection, days: list[date]) -> int:
    """Write the hours that are due on these days anew; how many there are then."""
    connection.execute(
        f"create or replace temp table judging as select * from due where {_in(days, 'date_of(hour_at)')}"
    )
    history.thaw(connection, "quality_hourly", "judging", "hour_at")
    only = devices_of(connection, "judging")
    hours = [Span(s.first, s.last + _HOUR - timedelta.resolution) for s in spans_of(connection, "judging", "hour_at")]
    before = [Span(s.first - 2 * _HOUR, s.last) for s in hours]
    forget = timedelta(days=int(scalar(connection, "select forget_days + 1 from judged_until")))
    connection.execute(
        filled(
            "quality/hours",
            days=within("gold.readings_1d", "bucket_at", [Span(hours[0].first - forget, hours[-1].last)], only=only),
            hours=history.everywhere(connection, READINGS_1H, apart(before), only=only),
            readings=history.everywhere(connection, READINGS, hours, only=only),
            duplicates=within("silver.duplicate_counts", "hour_at", hours, only=only),
            hits=within("gold.rule_hits", "event_at", hours, only=only),
            rejects=within("silver.rejects", "received_at", hours),
        )
    )
    for span in hours:
        connection.execute(
            f"delete from gold.quality_hourly where {span.condition('hour_at')} and {only}"
            " and (device_id, hour_at) in (select (device_id, hour_at) from judging)"
        )
    insert(connection, QUALITY_HOURLY.full_name, "select * from judged_hours order by hour_at, device_id, metric")
    history.touch(connection, "quality_hourly", "judging", "hour_at")
    return int(scalar(connection, "select count(*) from judged_hours"))


def _weigh(connection: duckdb.DuckDBPyConnection, quality: Quality, *, everything: bool) -> None:
    """Make ``scores_due`` (device_id, day), and what the SQL reads of the settings."""
    weights = ", ".join(f"{weight!r}::double as {part}" for part, weight in quality.weights.model_dump().items())
    connection.execute(f"create or replace temp table weights as select {weights}")
    connection.execute(
        "create or replace temp table bands as select ?::double as good, ?::double as warning",
        [quality.score_good, quality.score_warning],
    )
    days = "select distinct device_id, date_of(hour_at) as day from due"
    if everything:
        days += " union select name, day from gold.quality_score where scope = 'device'"
    connection.execute(f"create or replace temp table scores_due as {days}")


def _score(connection: duckdb.DuckDBPyConnection, days: list[date]) -> int:
    """Score these days anew: the devices that are due, then all groups of devices; how many scores were written."""
    connection.execute(f"create or replace temp table scoring as select * from scores_due where {_in(days)}")
    spans = merge(apart([Span(_start(day), _start(day) + timedelta(days=1) - timedelta.resolution) for day in days]))
    hours = history.everywhere(connection, QUALITY_HOURLY, spans, only=devices_of(connection, "scoring"))
    # As far as the hours are judged: else rejects alone would be a score of 0 while the day's first hour lasts.
    judged = "received_at < (select until_at from judged_until)"
    rejects = within("silver.rejects", "received_at", spans, only=judged)
    connection.execute(filled("quality/by_device", hours=hours, rejects=rejects))
    devices = _replace_scores(connection, "scope = 'device' and (name, day) in (select (device_id, day) from scoring)")
    connection.execute(filled("quality/by_group", rejects=rejects))
    return devices + _replace_scores(connection, f"scope <> 'device' and {_in(days)}")


def _replace_scores(connection: duckdb.DuckDBPyConnection, which: str) -> int:
    connection.execute(filled("quality/scores"))
    connection.execute(f"delete from gold.quality_score where {which}")
    insert(connection, QUALITY_SCORE.full_name, "select * from scored order by day, scope, name")
    return int(scalar(connection, "select count(*) from scored"))


def _checks(connection: duckdb.DuckDBPyConnection, until: datetime | None) -> list[CheckResult]:
    written = "select * from gold.quality_hourly where false"
    if until is not None:
        spans = spans_of(connection, "due", "hour_at")
        nearby = within("gold.quality_hourly", "hour_at", spans, only=devices_of(connection, "due"))
        written = f"select q.* from ({nearby}) q semi join due using (device_id, hour_at)"
    scores = "select * from gold.quality_score where day in (select max(day) from gold.quality_score)"
    return [
        contract.contract(connection, QUALITY_HOURLY, among=written, written=written),
        contract.contract(connection, QUALITY_SCORE, among=scores, written=scores),
        score(connection),
    ]


def score(connection: duckdb.DuckDBPyConnection) -> CheckResult:
    """The fleet's score of the newest day with its parts; the worst devices of that day."""
    newest = "day in (select max(day) from gold.quality_score)"
    fleet: list[dict[str, Any]] = rows(
        connection,
        "select score, band, 100 * columns(['completeness', 'validity', 'uniqueness', 'timeliness', 'consistency'])"
        f" from gold.quality_score where scope = 'fleet' and {newest}",
    )
    facts = {name: round(v, 2) for name, v in fleet[0].items() if isinstance(v, float)} if fleet else {}
    worst = rows(
        connection,
        "select name as device_id, round(score, 1) as score, band, round(100 * completeness, 1) as completeness,"
        " round(100 * validity, 1) as validity, duplicates, late, rejected, inconsistent from gold.quality_score"
        f" where scope = 'device' and band not in ('good', 'unknown') and {newest} order by score, name",
    )
    band = fleet[0]["band"] if fleet else "good"
    return CheckResult(
        QUALITY_SCORE.full_name, "score", band == "good", False, SCORE, len(worst), worst[:SAMPLE],
        facts, critical=band == "critical",
    )  # fmt: skip


def _slices(connection: duckdb.DuckDBPyConnection, table: str, day: str) -> Iterator[list[date]]:
    """The days of a table of what is due, in order, as many at a time as have room in memory."""
    found = connection.execute(f"select {day} as day, count(*) from {table} group by 1 order by 1").fetchall()
    days: list[date] = []
    size = 0
    for one, count in found:
        if days and size + count > _SLICE:
            yield days
            days, size = [], 0
        days.append(one)
        size += count
    if days:
        yield days


def _in(days: list[date], column: str = "day") -> str:
    return f"{column} in ({', '.join(f'date {literal(str(day))}' for day in days)})"


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
