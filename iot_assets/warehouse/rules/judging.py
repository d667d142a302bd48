"""Rule hits: which readings break which rule, a pure function of silver's readings and the rules in force.

Belongs here: which rules are in force and for which series, and the order in which the kinds are judged. Does not:
what is judged again of each kind, and how (``values``, ``flat``, ``clock``, ``gaps``), the rollups,
which ``gold`` heals after ``judge`` from what it finds excluded, and before ``judge_gaps``, which reads them.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from iot_assets.sections.rules import Rule
from iot_assets.warehouse import contract
from iot_assets.warehouse.connection import scalar
from iot_assets.warehouse.contract import CheckResult
from iot_assets.warehouse.queries import filled
from iot_assets.warehouse.rules import backlog, clock, flat, gaps, hits, values
from iot_assets.warehouse.rules.stage import EXCLUDING, fingerprint, stage_rules
from iot_assets.warehouse.spans import Span, within
from iot_assets.warehouse.tables import RULE_HITS


def judge(connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule]) -> None:
    """Bring the hits of all kinds but gaps up to date; minutes whose exclusions change join ``dirty_minutes``.

    Where the rules are others than those of the last time, days are judged again too, the newest first, as many as are
    not too much for one transaction (``backlog``).
    """
    rules = [rule for rule in rules if rule.action != "quarantine"]  # ``quarantine`` keeps them out of silver
    hits.begin(connection)
    news = fingerprint(rules) if rules else None
    changed = scalar(connection, "select max(fingerprint) from ops.rules") != news
    if changed:
        connection.execute("delete from ops.rules")
        if rules:
            connection.execute("insert into ops.rules values (?)", [news])
        backlog.list_all(connection)
        _drop_strays(connection, rules)
    connection.execute("drop table if exists temp.fresh")
    backlog.take(connection)
    connection.execute(
        filled("rules/dirty_news", again="from again_received", excluding=EXCLUDING, alone=hits.ALONE_LISTED)
    )
    stage_rules(connection, rules, "select device_id, metric from dirty_news")
    if scalar(connection, "select count(*) from rule_series"):
        values.judge(connection, EXCLUDING)
        flat.judge(connection, EXCLUDING)
        clock.judge(connection, EXCLUDING)


def has_read(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether ``fresh`` holds the readings of the dirty minutes and no others."""
    made = scalar(connection, "select count(*) from duckdb_tables() where temporary and table_name = 'fresh'")
    if not made or scalar(connection, "select count(*) from again_received"):
        return False
    rejudged, dirty = (f"select count(*) from {name}" for name in ("rejudged_minutes", "dirty_minutes"))
    return bool(scalar(connection, f"select ({rejudged}) = ({dirty})"))


def judge_gaps(connection: duckdb.DuckDBPyConnection) -> None:
    """After the rollups, bring the hits of gaps up to date."""
    if scalar(connection, "select count(*) from rule_series where kind = 'gap'"):
        gaps.judge(connection, EXCLUDING)


def mark_latest(connection: duckdb.DuckDBPyConnection) -> None:
    """When gold.latest is healed, name in it the rules that each newest reading breaks."""
    connection.execute(filled("rules/latest"))


def version(connection: duckdb.DuckDBPyConnection) -> str:
    """Changes whenever other rules are in force."""
    left = backlog.left(connection)
    return f"rules {scalar(connection, 'select max(fingerprint) from ops.rules')}, {left} days left"


def moved(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether any verdict is another than before."""
    return bool(scalar(connection, "select count(*) from moved_hits"))


def written(connection: duckdb.DuckDBPyConnection) -> int:
    """How many hits were put."""
    return int(scalar(connection, "select count(*) from put_hits"))


def excluded(spans: list[Span], only: str) -> str:
    """A query for the hits within the spans that keep a reading out of the rollups."""
    return within(RULE_HITS.full_name, "event_at", spans, only=f"action = 'exclude' and {only}")


def checks(connection: duckdb.DuckDBPyConnection) -> list[CheckResult]:
    """The declaration of gold.rule_hits, over what was just judged."""
    rows = "select * from put_hits"
    return [contract.contract(connection, RULE_HITS, among=rows, written=rows)]


def _drop_strays(connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule]) -> None:
    """What rules said that are no more, or that are no longer for the series: no judging would find it."""
    connection.execute("create or replace temp table judged as select * from gold.rule_hits where false")
    stage_rules(connection, rules, "select distinct device_id, metric from gold.rule_hits")
    connection.execute(
        "create or replace temp table standing as"
        " select * from gold.rule_hits anti join rule_series using (device_id, metric, rule, kind)"
    )
    hits.put(connection)
