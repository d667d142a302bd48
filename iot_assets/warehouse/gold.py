"""The write unit gold: rollups and latest values, healed for exactly the minutes that silver has marked as dirty.

Belongs here: the order of healing, from the finest rollup up. Does not: the statistics themselves (``sql/gold``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import duckdb

from iot_assets.formulas.formula import Formula
from iot_assets.sections.rules import Rule
from iot_assets.warehouse import contract, derived, history, ledger, quality
from iot_assets.warehouse.connection import insert, pace, scalar, transaction
from iot_assets.warehouse.contract import CheckResult
from iot_assets.warehouse.queries import filled
from iot_assets.warehouse.rules import judging
from iot_assets.warehouse.rules.stage import EXCLUDING
from iot_assets.warehouse.spans import Span, devices_of, spans_of, within
from iot_assets.warehouse.tables import LATEST, READINGS, READINGS_1D, READINGS_1H, READINGS_1MIN, RULE_HITS, Table

#: rollup → (the finer one it is made from, width of its buckets as DuckDB names it)
_COARSER = ((READINGS_1H, READINGS_1MIN, "hour"), (READINGS_1D, READINGS_1H, "day"))
_TABLES = (READINGS_1MIN, READINGS_1H, READINGS_1D, LATEST)


@dataclass(frozen=True, slots=True)
class Healed:
    """What one transaction of gold did: rows written per table."""

    batches: int
    written: dict[str, int] = field(default_factory=dict)
    checks: list[CheckResult] = field(default_factory=list)


def heal(
    connection: duckdb.DuckDBPyConnection,
    *,
    run_id: str,
    formulas: Sequence[Formula] = (),
    judged_by: Sequence[Rule] = (),
) -> Healed:
    """Recompute the dirty minutes and what is made from them, and mark the batches of silver as applied.

    ``formulas`` are those in force: what they give is healed too, and what others gave goes. Readings
    are ``judged_by`` these rules first; what they exclude, no rollup counts.

    Raises:
        ContractError: a blocking check failed; nothing was written.
    """
    with transaction(connection):
        batches = _ready(connection)
        connection.execute(
            "create or replace temp table dirty_minutes as select distinct device_id, metric, minute_at from ops.dirty"
        )
        pace(connection, int(scalar(connection, "select count(*) from dirty_minutes")))
        judging.judge(connection, judged_by)
        dirty = bool(scalar(connection, "select count(*) from dirty_minutes"))
        quality.outdate(connection, "select device_id, minute_at as changed_at from dirty_minutes")
        written = _heal_all(connection) if dirty else {}
        judging.judge_gaps(connection)
        judging.mark_latest(connection)
        written |= {RULE_HITS.full_name: hits} if (hits := judging.written(connection)) else {}
        written |= derived.heal(connection, formulas, dirty=dirty)
        checks = _checks(connection) + judging.checks(connection) + derived.checks(connection)
        contract.judge(checks)
        connection.execute("delete from ops.dirty")
        if not batches and judging.moved(connection):  # of other rules, which is news to be published
            ledger.mark(
                connection, "rules", ledger.next_number(connection, "rules"), run_id, judging.written(connection)
            )
        for batch_id in batches:
            ledger.mark(connection, "gold", batch_id, run_id, sum(written.values()))
    return Healed(len(batches), written, checks)


def _ready(connection: duckdb.DuckDBPyConnection) -> list[int]:
    found = connection.execute(
        "select batch_id from ops.applied where unit = 'silver' except"
        " select batch_id from ops.applied where unit = 'gold' order by 1"
    ).fetchall()
    return [row[0] for row in found]


def _heal_all(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    for kind in (READINGS.name, READINGS_1MIN.name, READINGS_1H.name):
        history.thaw(connection, kind, "dirty_minutes", "minute_at")
    for table in (READINGS_1MIN, READINGS_1H):
        history.touch(connection, table.name, "dirty_minutes", "minute_at")
    minutes = spans_of(connection, "dirty_minutes", "minute_at")
    inside = _to_end_of_buckets(minutes, timedelta(minutes=1))
    only = devices_of(connection, "dirty_minutes")
    if not judging.has_read(connection):
        near = within("silver.readings", "event_at", inside, only=only)
        connection.execute(filled("rules/fresh", minutes="dirty_minutes", readings=near, excluding=EXCLUDING))
    excluded = judging.excluded(inside, only)
    any_excluded = str(bool(scalar(connection, f"select count(*) from ({excluded})"))).lower()
    connection.execute(filled("gold/touched", any=any_excluded, excluded=excluded))
    connection.execute(
        "create or replace temp table dirty_buckets as"
        " select device_id, metric, minute_at as bucket_at from dirty_minutes"
    )
    connection.execute(filled("gold/readings_1min", order=_order(connection)))
    written = {READINGS_1MIN.full_name: _replace(connection, READINGS_1MIN, minutes, only)}
    for table, finer, width in _COARSER:
        connection.execute(filled("gold/coarser", width=width, at="bucket_at", dirty="dirty_buckets"))
        buckets = spans_of(connection, "dirty_buckets", "bucket_at")
        inside = _to_end_of_buckets(buckets, timedelta(**{f"{width}s": 1}))
        parts = within(finer.full_name, "bucket_at", inside, only=only)
        connection.execute(filled("gold/readings_coarser", width=width, finer=parts))
        written[table.full_name] = _replace(connection, table, buckets, only)
    connection.execute(filled("gold/latest", cold=history.cold(connection, "readings")))
    connection.execute(
        "delete from gold.latest where (device_id, metric) in (select (device_id, metric) from dirty_minutes)"
    )
    insert(connection, LATEST.full_name, "select * from newest order by device_id, metric")
    written[LATEST.full_name] = int(scalar(connection, "select count(*) from newest"))
    return written


def _order(connection: duckdb.DuckDBPyConnection) -> str:
    """What puts the readings of a series in order: their times alone, unless some share one."""
    if scalar(connection, "select count(*) from touched where keep_all is not null"):
        return "{'at': event_at, 'message': message_id, 'position': position}"
    return "event_at"


def _replace(connection: duckdb.DuckDBPyConnection, table: Table, spans: list[Span], only: str) -> int:
    """Put the healed rows in the place of the dirty buckets'; a bucket that has lost all its readings goes."""
    for span in spans:
        connection.execute(
            f"delete from {table.full_name} where {span.condition('bucket_at')} and {only}"
            " and (device_id, metric, bucket_at) in (select (device_id, metric, bucket_at) from dirty_buckets)"
        )
    insert(connection, table.full_name, "select * from healed order by bucket_at, device_id, metric")
    return int(scalar(connection, "select count(*) from healed"))


def _to_end_of_buckets(spans: list[Span], width: timedelta) -> list[Span]:
    """The instants of the buckets that begin within the spans."""
    return [Span(s.first, s.last + width - timedelta(microseconds=1)) for s in spans]


def _checks(connection: duckdb.DuckDBPyConnection) -> list[CheckResult]:
    results = []
    for table in _TABLES:
        rows = _touched_rows(connection, table)
        results.append(contract.contract(connection, table, among=rows, written=rows))
    return results


def _touched_rows(connection: duckdb.DuckDBPyConnection, table: Table) -> str:
    if table is LATEST:
        return "select * from gold.latest where (device_id, metric) in (select (device_id, metric) from dirty_minutes)"
    width = {"readings_1min": "minute", "readings_1h": "hour", "readings_1d": "day"}[table.name]
    dirty = f"(select distinct device_id, metric, {width}_of(minute_at) as bucket_at from dirty_minutes)"
    spans = spans_of(connection, dirty, "bucket_at")
    nearby = within(table.full_name, "bucket_at", spans, only=devices_of(connection, "dirty_minutes"))
    return f"select t.* from ({nearby}) t semi join {dirty} d using (device_id, metric, bucket_at)"
