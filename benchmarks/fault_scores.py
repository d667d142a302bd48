"""What the platform found, against the ledger: precision and recall per kind, false alerts per device-year.

Belongs here: what counts as found, and counting. Does not: making the month, any limit of a rule.

* A hit is a row by which the platform says something: a rule hit, a device that is late, offline or never seen, a
  duplicate, a late reading, a reject, a reading whose clock is not believed.
* Hits of one kind, device and metric that are at most an hour, or three of the device's intervals, apart are one run.
* A run touches an event of the ledger if it is of the same device (and metric, where both have one) and overlaps one of
  the event's windows, widened by ten minutes and two intervals: the reading after a fault shows its end.
* An event is found if a run of a right kind touches it (``RIGHT``). Recall: events found, of all. A run that touches no
  event of any kind is false. Precision: runs that are not false, of all runs of the right kinds.
* An alert is a run by which a user is told with the settings as they are: rules of action exclude or fail, devices
  offline. What lies within planned maintenance is told apart.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import duckdb
from fault_injector import MAINTENANCE, Fault
from simulated_month import DAY, HOUR, START_MS, Device

#: kind of fault → kinds of hits that name it.
RIGHT: dict[str, tuple[str, ...]] = {
    "out_of_range": ("range",),
    "suspect_value": ("suspect_range",),
    "sentinel": ("sentinel",),
    "spike": ("spike",),
    "step": ("rate_of_change",),
    "flat_line": ("flat_line",),
    "unit_slip": ("suspect_range", "rate_of_change"),
    "gap": ("gap",),
    "silent": ("offline",),
    "clock_back": ("clock_step",),
    "clock_reset": ("clock_step", "clock_suspect"),
    "duplicates": ("duplicate",),
    "late_delivery": ("late",),
    "garbage": ("reject",),
    "never_seen": ("never_seen",),
}
#: Hits of which users are told by default; the others are figures on a page.
TOLD = ("exclude", "fail", "offline")

_MS = "(epoch_ms({}) - {start})"
_HITS = f"""
select kind, device_id, metric, action,
    {_MS.format("event_at", start=START_MS)} - if(kind in ('gap', 'flat_line'), 1000 * measure, 0)::bigint as first_ms,
    {_MS.format("event_at", start=START_MS)} as last_ms
from gold.rule_hits
union all
select if(kind = 'late', 'device_late', kind), device_id, '', kind, {_MS.format("happened_at", start=START_MS)}, {_MS.format("happened_at", start=START_MS)}
from gold.device_events where kind in ('late', 'offline', 'never_seen')
union all
select 'never_seen', device_id, '', 'never_seen', 0, 0 from gold.device_status where state = 'never_seen'
union all
select 'duplicate', device_id, '', '', {_MS.format("received_at", start=START_MS)}, {_MS.format("received_at", start=START_MS)}
from silver.duplicates
union all
select 'reject', device_id, '', '', {_MS.format("received_at", start=START_MS)}, {_MS.format("received_at", start=START_MS)}
from silver.rejects
union all
select 'late', device_id, '', '', {_MS.format("hour_at", start=START_MS)}, {_MS.format("until_at", start=START_MS)}
from gold.quality_hourly where late > 0
union all
select 'clock_suspect', device_id, '', '', {_MS.format("event_at", start=START_MS)}, {_MS.format("event_at", start=START_MS)}
from silver.readings where list_contains(flags, 'clock_suspect')
"""  # noqa: E501 - one line a column


@dataclass(slots=True)
class Run:
    """Hits in a row."""

    kind: str
    device: str
    metric: str
    action: str
    first_ms: int
    last_ms: int
    hits: int = 1
    touches: str = ""


def runs_of(connection: duckdb.DuckDBPyConnection, devices: list[Device]) -> list[Run]:
    """All hits, joined."""
    near = {device.name: max(HOUR, 3 * device.interval_ms) for device in devices}
    rows = connection.execute(
        f"select * from ({_HITS}) order by kind, device_id, metric, action, first_ms, last_ms"
    ).fetchall()
    runs: list[Run] = []
    for kind, device, metric, action, first, last in rows:
        key = (kind, device, metric, action)
        same = bool(runs) and (runs[-1].kind, runs[-1].device, runs[-1].metric, runs[-1].action) == key
        if same and first - runs[-1].last_ms <= near.get(device, HOUR):
            runs[-1].last_ms, runs[-1].hits = max(runs[-1].last_ms, last), runs[-1].hits + 1
        else:
            runs.append(Run(*key, first, last))
    return runs


def score(runs: list[Run], ledger: list[Fault], devices: list[Device], days: int) -> dict[str, Any]:
    """Precision and recall per kind of fault, and what was false."""
    slack = {device.name: 10 * 60_000 + 2 * device.interval_ms for device in devices}
    sites = {device.name: device.site for device in devices}
    events: dict[str, list[tuple[int, Fault]]] = defaultdict(list)
    for number, fault in enumerate(ledger):
        events[fault.device].append((number, fault))
    found: dict[int, set[str]] = defaultdict(set)
    for run in runs:
        wide = slack.get(run.device, 0)
        for number, fault in events[run.device]:
            same = not (run.metric and fault.metric) or run.metric == fault.metric
            if same and any(run.first_ms <= e + wide and run.last_ms >= b - wide for b, e in fault.windows):
                run.touches = fault.kind
                found[number].add(run.kind)
        site, off, on = MAINTENANCE
        away = sites.get(run.device) == site and run.first_ms <= on + wide and run.last_ms >= off - wide
        if away and not run.touches:
            run.touches = "maintenance"
    kinds = {}
    for kind, right in RIGHT.items():
        numbers = [number for number, fault in enumerate(ledger) if fault.kind == kind]
        hit = sum(bool(found[number] & set(right)) for number in numbers)
        ran = [run for run in runs if run.kind in right]
        kinds[kind] = {
            "found by": " or ".join(right),
            "events": len(numbers),
            "found": hit,
            "recall": round(hit / len(numbers), 4) if numbers else None,
            "runs": len(ran),
            "false runs": sum(not run.touches for run in ran),
            "precision": round(sum(bool(run.touches) for run in ran) / len(ran), 4) if ran else None,
            "found by anything": sum(bool(found[number]) for number in numbers),
        }
    years = len(devices) * days * DAY / (365 * DAY)
    false = [run for run in runs if not run.touches]
    told = [run for run in false if run.action in TOLD]
    by_size = {
        kind: {
            f"{edge / 10:.1f} to {edge / 10 + 0.2:.1f}": [sum(hit), len(hit)]
            for edge in (0, 2, 4, 6, 8)
            if (
                hit := [
                    bool(found[n] & set(RIGHT[kind]))
                    for n, fault in enumerate(ledger)
                    if fault.kind == kind and edge / 10 < fault.size <= edge / 10 + 0.2
                ]
            )
        }
        for kind in ("spike", "step")
    }
    return {
        "kinds": kinds,
        "found, of events, by part of their size": by_size,
        "device-years": round(years, 1),
        "false alerts": len(told),
        "false alerts per device-year": round(len(told) / years, 3),
        "false runs by kind": {kind: sum(r.kind == kind for r in false) for kind in sorted({r.kind for r in false})},
        "runs within planned maintenance": sum(run.touches == "maintenance" for run in runs),
    }
