"""What the rules have found of late, as a check: figures to plot, and a failure where a rule wants one.

Belongs here: reading gold.rule_hits. Does not: judging.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import duckdb

from iot_assets.warehouse.connection import rows
from iot_assets.warehouse.contract import SAMPLE, CheckResult
from iot_assets.warehouse.ddl import literal
from iot_assets.warehouse.rules import backlog
from iot_assets.warehouse.spans import Span, within
from iot_assets.warehouse.tables import RULE_HITS

#: What the check ``rules`` says.
FAILING: Final = "No reading of the last rules_warn_hours breaks a rule of action fail."
#: Rules whose figures are told, those with the most hits; Dagster stores each figure three times.
_TOLD: Final = 10


def check(connection: duckdb.DuckDBPyConnection, now: datetime, *, warn_hours: float) -> CheckResult:
    """Hits of action fail of late, the newest first; as figures the hits of the past hour and day, by rule too."""
    recent = _since(now - timedelta(hours=warn_hours), "action = 'fail'")
    count = rows(connection, f"select count(*) as n from ({recent})")[0]["n"]
    sample = rows(connection, f"select * from ({recent}) order by event_at desc, device_id, metric limit {SAMPLE}")
    return CheckResult(
        RULE_HITS.full_name, "rules", not count, False, FAILING, count, sample, _figures(connection, now), critical=True
    )


def _figures(connection: duckdb.DuckDBPyConnection, now: datetime) -> dict[str, Any]:
    day = _since(now - timedelta(days=1), "true")
    hour = literal((now - timedelta(hours=1)).isoformat())
    by_rule = rows(
        connection,
        f"select rule, count(*) as hits_day, count(*) filter (event_at > {hour}::timestamptz) as hits_hour"
        f" from ({day}) group by rule order by hits_day desc, rule",
    )
    figures = {f"hits_last_{span}": sum(row[f"hits_{span}"] for row in by_rule) for span in ("hour", "day")}
    figures["days_to_judge"] = backlog.left(connection)
    return figures | {f"{row['rule']}_last_day": row["hits_day"] for row in by_rule[:_TOLD]}


def _since(first: datetime, only: str) -> str:
    """A query for the hits since then; no clock that is believed runs more than minutes ahead."""
    return within(RULE_HITS.full_name, "event_at", [Span(first, first + timedelta(days=36_500))], only=only)
