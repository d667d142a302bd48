"""Every cause of an alert, in one table: how bad it is, what is looked at, what to do.

Belongs here: what people read about a cause whatever its instance. Does not: looking for it (``looks``).
``docs/alerts.md`` repeats the table.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from iot_assets.errors import SettingsError

if TYPE_CHECKING:
    from iot_assets.sections.alerts import Alerts, Severity


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause. ``sudden``: it is an event, told at once; others must hold for a while, and be gone for a while."""

    severity: Severity
    title: str
    looks_at: str
    advice: str
    sudden: bool = False


CAUSES: Final[Mapping[str, Cause]] = MappingProxyType(
    {
        "lander_down": Cause(
            "critical",
            "The lander is down",
            "its lock and its status file",
            "Start it: `iot-assets land` (or `up`). Meanwhile the broker queues what it can; HTTP requests are lost.",
        ),
        "lander_silent": Cause(
            "critical",
            "The lander runs but does not move",
            "the age of its status file",
            "Look into its log, then restart it: nothing that it acknowledged is lost.",
        ),
        "broker_unreachable": Cause(
            "critical",
            "The broker cannot be reached",
            "the lander's status file",
            "Start the broker, or mend what the sentence names. The lander tries again by itself.",
        ),
        "storage_problem": Cause(
            "critical",
            "The lander cannot write",
            "the lander's status file",
            "Make room or mend the permissions; it goes on by itself, and nothing was acknowledged meanwhile.",
        ),
        "segments_damaged": Cause(
            "critical",
            "Damaged segments in the spool",
            "the lander's count of segments kept aside",
            "Look at the disk (dmesg, smartctl). What is sound in them is landed; delete them when not needed.",
        ),
        "session_lost": Cause(
            "critical",
            "The broker had forgotten our session",
            "the lander's counter of lost sessions",
            "Messages sent while the lander was away may be missing. Let the broker persist sessions.",
            sudden=True,
        ),
        "broker_drops": Cause(
            "warning",
            "The broker drops messages",
            "the broker's own counter",
            "Raise the broker's max_queued_messages, or keep the lander running.",
            sudden=True,
        ),
        "backlog": Cause(
            "warning",
            "Landed files pile up",
            "landed files that serving.duckdb does not contain (alerts.backlog_files)",
            "See in Dagster whether the minute runs, and how long it takes.",
        ),
        "tables_behind": Cause(
            "critical",
            "The tables are not brought up to date",
            "the age of the oldest landed file that serving.duckdb does not contain (alerts.behind_minutes)",
            "See in Dagster why the minute does not run or fails; nothing is lost, it takes all that waits.",
        ),
        "disk_space": Cause(
            "warning",
            "The disk fills",
            "free space of the data folder's disk, and how it shrank in the past day",
            "Make room: see docs/operations.md, What is kept. When it is full, nothing is acknowledged any more.",
        ),
        "run_failed": Cause(
            "warning",
            "A Dagster run failed",
            "what Dagster's sensor of failed runs has reported",
            "Open the run in Dagster: its last error says what. A minute run that failed left nothing half done.",
            sudden=True,
        ),
        "dagster_down": Cause(
            "critical",
            "Dagster is down",
            "Dagster's web page: does it answer, is the code loaded, do the daemons beat",
            "Start it (`iot-assets up`, or its services). What lands meanwhile waits.",
        ),
        "stale_assets": Cause(
            "warning",
            "Assets are stale",
            "the freshness that Dagster's web page tells",
            "See in Dagster why they were not materialized: the schedule may be off.",
        ),
        "check_failed": Cause(
            "warning",
            "Checks fail",
            "the newest result of each check in gold.quality_log",
            "Open the check in Dagster: it shows the offending rows.",
        ),
        "device_offline": Cause(
            "warning",
            "Devices are offline",
            "gold.device_status",
            "Look after their power and network.",
        ),
        "device_late": Cause(
            "info",
            "Devices are late",
            "gold.device_status",
            "They have missed two of their own intervals; they may come back by themselves.",
        ),
        "device_never_seen": Cause(
            "info",
            "Devices of the registry have never sent",
            "gold.device_status",
            "See whether they are installed, and whether the registry names them as they name themselves.",
        ),
        "rule_hits": Cause(
            "warning",
            "Readings break a rule",
            "gold.rule_hits of the past alerts.hits_minutes",
            "Look at the readings (`iot-assets trace`) and at the device; a rule too strict can be tried and changed.",
        ),
        "quality_band": Cause(
            "warning",
            "Quality has fallen",
            "today's gold.quality_score: scopes in band warning or critical",
            "`iot-assets quality` tells which part of the score has fallen, and why.",
        ),
        "error_rate": Cause(
            "warning",
            "Messages are rejected",
            "silver.outcome_counts of the past hour (alerts.error_rate_percent)",
            "`iot-assets rejects` groups them by reason; after a fix `iot-assets replay` reads them again.",
        ),
        "lag": Cause(
            "warning",
            "The newest reading is old",
            "the newest event in gold.latest (freshness.lag_warn_minutes)",
            "Either nothing is sent any more, or it comes late: see the devices, the broker and the lander.",
        ),
        "channel_down": Cause(
            "warning",
            "An alert channel is down",
            "the channel's own attempts",
            "Mend what the sentence names. What waits for the channel is sent when it is back.",
        ),
    }
)


def refuse_unknown(alerts: Alerts) -> None:
    """See that the settings name causes that there are.

    Raises:
        SettingsError: one is none.
    """
    problems = []
    for key, named in (("alerts.ignore", alerts.ignore), ("alerts.severities", tuple(alerts.severities))):
        for name in named:
            if name not in CAUSES:
                near = difflib.get_close_matches(name, CAUSES, n=1)
                hint = f"did you mean {near[0]!r}? " if near else ""
                problems.append(f"{key}: {name!r} is no cause; {hint}allowed: {', '.join(CAUSES)}")
    if problems:
        raise SettingsError(problems)
