"""What others have reported to the store: Dagster's sensor of failed runs, and the channels' own couriers.

Belongs here: reports and channels. Does not: making the reports (``automation``, ``delivery.py``).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from iot_assets.alerts import outbox
from iot_assets.alerts.alert import NAMED, Finding
from iot_assets.alerts.store import text
from iot_assets.alerts.turn import LOG

if TYPE_CHECKING:
    from iot_assets.alerts.looks.place import Place, Seen

#: A failed run is told of until its job has not failed for so long.
_RECENT: Final = timedelta(minutes=15)


def look(place: Place) -> Seen:
    """Failed runs by job; channels that do not take what they are told."""
    return {"run_failed": _runs(place), "channel_down": _channels(place)}


def _runs(place: Place) -> list[Finding]:
    reports = place.store.rows(
        "select * from reports where cause = 'run_failed' and reported_at > ? order by reported_at desc",
        text(place.now - _RECENT),
    )
    found = []
    for job in dict.fromkeys(report["about"] for report in reports):
        its = [report for report in reports if report["about"] == job]
        items = tuple(report["item"] for report in its[:NAMED])
        found.append(Finding("run_failed", its[0]["summary"], about=job, items=items, count=len(its)))
    return found


def _channels(place: Place) -> list[Finding]:
    found = []
    for name in [LOG, *(channel.name for channel in place.alerts.channels)]:
        state = outbox.state_of(place.store, name)
        if state.failing_since_at is not None:
            since = f"{state.failing_since_at:%Y-%m-%d %H:%M:%S} UTC"
            told = f"Since {since} it has taken nothing in {state.failures} attempts: {state.problem}."
            lost = f" {state.dropped} were dropped." if state.dropped else ""
            waits = f" {state.waiting} notices wait for it.{lost}"
            found.append(Finding("channel_down", told + waits, about=name))
    return found
