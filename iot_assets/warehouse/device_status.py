"""Which devices are online, late, offline or never seen: found by time alone, without any message.

Belongs here: bringing ``gold.device_status`` up to a moment, and recording what has changed. Does not: the rules
(``sql/gold/device_status.sql``), telling people (``alerts``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from iot_assets.warehouse import contract, ledger
from iot_assets.warehouse.connection import rows, scalar, transaction
from iot_assets.warehouse.contract import SAMPLE, CheckResult
from iot_assets.warehouse.queries import query
from iot_assets.warehouse.tables import DEVICE_EVENTS, DEVICE_STATUS

if TYPE_CHECKING:
    import duckdb

    from iot_assets.sections.status import Status

#: A rhythm is learned from so long before.
_LEARNED_FROM: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of the devices at one moment: how many are in each state, how many have changed theirs."""

    counts: dict[str, int]
    changed: int
    checks: list[CheckResult]


def update(connection: duckdb.DuckDBPyConnection, status: Status, now: datetime, *, run_id: str) -> Judged:
    """Judge every device as of ``now``, in a transaction of its own.

    Raises:
        ContractError: a blocking check failed; nothing was written.
    """
    hour = now.replace(minute=0, second=0, microsecond=0)
    with transaction(connection):
        connection.execute("set variable status_from_at = ?", [hour - _LEARNED_FROM])
        connection.execute("set variable status_until_at = ?", [hour])
        connection.execute(
            "create or replace temp table moment as select ?::timestamptz as now_at, ?::double as least_interval_s,"
            " ?::double as late_intervals, ?::double as offline_intervals, ?::double as late_s, ?::double as offline_s",
            [
                now,
                status.least_interval_seconds,
                status.late_intervals,
                status.offline_intervals,
                status.late_minutes * 60,
                status.offline_hours * 3600,
            ],
        )
        connection.execute(query("gold/device_status"))
        changed = "select * from present_status where state is distinct from state_before"
        connection.execute(
            "insert into gold.device_events by name"
            " select device_id, since_at as happened_at, state as kind, state_before as before,"
            f" ?::timestamptz as recorded_at from ({changed}) order by happened_at, device_id",
            [now],
        )
        count = int(scalar(connection, f"select count(*) from ({changed})"))
        if count:  # else there is no reason to publish
            ledger.mark(connection, "status", ledger.next_number(connection, "status"), run_id, count)
        connection.execute("delete from gold.device_status")
        connection.execute(
            "insert into gold.device_status by name"
            " select * exclude (state_before) from present_status order by device_id"
        )
        checks = _checks(connection, now)
        contract.judge(checks)
    counts = dict(connection.execute("select state, count(*) from gold.device_status group by 1 order by 1").fetchall())
    return Judged(counts, count, checks)


def _checks(connection: duckdb.DuckDBPyConnection, now: datetime) -> list[CheckResult]:
    whole = "select * from gold.device_status"
    recorded = f"select * from gold.device_events where recorded_at = timestamptz '{now.isoformat()}'"
    return [
        contract.contract(connection, DEVICE_STATUS, among=whole, written=whole),
        contract.contract(connection, DEVICE_EVENTS, among=recorded, written=recorded),
        silent_devices(connection),
    ]


def silent_devices(connection: duckdb.DuckDBPyConnection) -> CheckResult:
    """The devices that are late or offline, those that have been so longest first."""
    found: list[dict[str, Any]] = rows(
        connection,
        "select device_id, state, since_at, last_received_at, interval_s from gold.device_status"
        " where state in ('late', 'offline') order by since_at, device_id",
    )
    counts = dict(connection.execute("select state, count(*) from gold.device_status group by 1 order by 1").fetchall())
    facts = {state: int(counts.get(state, 0)) for state in ("online", "late", "offline", "never_seen")}
    return CheckResult(
        DEVICE_STATUS.full_name, "silent_devices", not found, False, SILENT_DEVICES, len(found), found[:SAMPLE], facts
    )


#: What the check ``silent_devices`` says.
SILENT_DEVICES: Final = "No device has been silent for so many of its own intervals that it is late or offline."
