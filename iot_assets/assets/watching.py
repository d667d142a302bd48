"""Checks that a unit's step judges besides its tables' contracts: the ledger against the lake, the lander, the lag.

Findings only: none of these stops the pipeline.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import duckdb

from iot_assets.assets.specs import STEP_CHECKS
from iot_assets.lake.paths import DataPaths, list_landed
from iot_assets.landing.status import LanderStatus, lander_running, read_status
from iot_assets.settings import Settings
from iot_assets.warehouse import drift
from iot_assets.warehouse.connection import rows, scalar
from iot_assets.warehouse.contract import SAMPLE, CheckResult

#: A lander that runs says so every second; a silence this long means that it hangs or has gone.
_SILENT: Final = timedelta(minutes=2)


def ledger_check(connection: duckdb.DuckDBPyConnection, paths: DataPaths) -> CheckResult:
    """Files of the ledger that the lake has lost, and those set aside of late.

    Files the ledger lacks are entered in this very step.
    """
    present = {file.path for file in list_landed(paths)}
    known = connection.execute("select path, rows from bronze.files where state = 'entered' order by path").fetchall()
    lost = [{"path": path, "rows": rows, "problem": "not in the lake"} for path, rows in known if path not in present]
    lost += rows(
        connection,
        "select path, problem, entered_at as set_aside_at from bronze.files"
        " where state = 'corrupt' and entered_at > now() - interval 1 day order by path",
    )
    damaged = int(scalar(connection, "select count(*) from bronze.files where state = 'corrupt'"))
    facts = {"files_in_ledger": len(known), "files_set_aside": damaged}
    return _finding("bronze.files", "ledger_matches_lake", lost, facts)


def lander_checks(paths: DataPaths, settings: Settings) -> list[CheckResult]:
    """What the lander says of itself, and what the broker says of dropped messages."""
    name = settings.lander.name
    status = read_status(paths, name)
    running = lander_running(paths, name)
    facts: dict[str, Any] = {"running": running}
    dropped: list[dict[str, Any]] = []
    if status is not None:
        facts |= {
            "mode": status.mode,
            "broker": status.broker,
            "connected": status.connected,
            "http": status.http,
            "session_lost": status.session_lost,
            "taken": status.received_messages,
        }
        if _new_drops(status):
            dropped.append(
                {
                    "dropped": _new_drops(status),
                    "since": status.started_at,
                    "advice": "raise the broker's max_queued_messages, or keep a lander running",
                }
            )
    return [
        _finding("bronze.files", "lander_state", _lander_problems(status, running=running), facts),
        _finding(
            "bronze.files",
            "broker_drops",
            dropped,
            {"counter_known": status is not None and status.dropped_by_broker is not None},
        ),
    ]


def lag_check(connection: duckdb.DuckDBPyConnection, settings: Settings) -> CheckResult:
    """The newest event's age: a freshness policy sees only when an asset was made, not what is in it."""
    newest = scalar(connection, "select event_at from silver.readings order by event_at desc limit 1")
    if newest is None:  # all of them may be in the lake only
        newest = scalar(connection, "select max(event_at) from gold.latest")
    facts: dict[str, Any] = {"readings": newest is not None}
    late: list[dict[str, Any]] = []
    if newest is not None:
        lag = round(max((datetime.now(UTC) - newest).total_seconds(), 0.0), 1)
        facts["lag_seconds"] = lag
        if lag > settings.freshness.lag_warn_minutes * 60:
            late.append({"newest_event_at": newest, "lag_minutes": round(lag / 60, 1)})
    return _finding("silver.readings", "event_time_lag", late, facts)


def errors_check(
    connection: duckdb.DuckDBPyConnection, outcomes: Mapping[str, int], since_batch: int | None, settings: Settings
) -> CheckResult:
    """The share of rejected messages in what a run decoded: topics and reasons with most of them.

    Args:
        connection: an open connection to the warehouse.
        outcomes: messages by outcome.
        since_batch: the first batch of the run; None where there was none.
        settings: of which ``quality`` has the limits.
    """
    messages, rejected = sum(outcomes.values()), outcomes.get("rejected", 0)
    percent = 100 * rejected / messages if messages else 0.0
    found: list[dict[str, Any]] = []
    if percent > settings.quality.error_rate_warn_percent:
        found = rows(
            connection,
            "select topic, reason, count(*) as rejected, any_value(detail) as example from silver.rejects"
            f" where batch_id >= ? group by all order by rejected desc, topic, reason limit {SAMPLE}",
            [since_batch],
        )
    facts = {"messages": messages, "rejected": rejected, "error_rate_percent": round(percent, 2)}
    result = _finding("silver.outcomes", "error_rate", found, facts)
    return replace(result, failing=rejected, critical=percent > settings.quality.error_rate_fail_percent)


def drift_check(connection: duckdb.DuckDBPyConnection, settings: Settings) -> CheckResult:
    """What changed of late in what devices send: never a fault, so it is told for a while and then is as it is."""
    learn, warn = timedelta(minutes=settings.drift.learn_minutes), timedelta(hours=settings.drift.warn_hours)
    found = drift.changes(connection, now=datetime.now(UTC), learn=learn, warn=warn)
    shapes = int(scalar(connection, "select count(distinct (route, shape)) from silver.schema_versions"))
    return _finding("silver.schema_versions", "schema_drift", found, {"shapes": shapes})


def _lander_problems(status: LanderStatus | None, *, running: bool) -> list[dict[str, Any]]:
    if status is None:
        return [{"problem": "no lander has ever run here", "advice": "start `iot-assets land`, or the landing sensor"}]
    problems: list[dict[str, Any]] = []
    if datetime.now(UTC) - status.updated_at > _SILENT:
        state = "runs but is silent" if running else "is gone"
        problems.append({"problem": f"the lander {state}", "since": status.updated_at})
    if status.storage_problem:
        problems.append({"problem": status.storage_problem, "since": status.updated_at})
    if status.broker_problem:
        problems.append({"problem": status.broker_problem, "since": status.updated_at})
    if status.segments_damaged:
        told = f"{status.segments_damaged} damaged segments are kept aside; what was sound in them is landed"
        problems.append({"problem": told, "advice": "look at the disk; delete them once they are not needed"})
    if status.session_lost:
        problems.append(
            {"problem": f"the broker had forgotten our session {status.session_lost} times; messages may be missing"}
        )
    return problems


def _new_drops(status: LanderStatus) -> int:
    if status.dropped_by_broker is None or status.dropped_by_broker_before is None:
        return 0
    return max(status.dropped_by_broker - status.dropped_by_broker_before, 0)


def _finding(table: str, name: str, found: list[dict[str, Any]], facts: dict[str, Any]) -> CheckResult:
    meaning, blocking = STEP_CHECKS[table][name]
    return CheckResult(table, name, not found, blocking, meaning, len(found), found[:SAMPLE], facts)
