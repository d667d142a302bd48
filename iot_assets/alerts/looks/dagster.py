"""Dagster, by what its web page tells: itself, its daemons, the freshness of its assets.

Belongs here: from the page's answers to findings. Does not: asking (``ops/probes.py``).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from iot_assets.alerts.alert import NAMED, Finding
from iot_assets.alerts.looks.place import when
from iot_assets.ops.probes import dagster_missing, stale_assets

if TYPE_CHECKING:
    from iot_assets.alerts.looks.place import Place, Seen

_ANEW: Final = timedelta(seconds=30)


class DagsterLook:
    """Asks the page now and then: an answer costs it some work."""

    def __init__(self) -> None:
        self._asked_at: datetime | None = None
        self._seen: Seen = {}

    def __call__(self, place: Place) -> Seen:
        """Down or not; what is stale, where it answers."""
        if not place.alerts.watch_dagster:
            return {"dagster_down": (), "stale_assets": ()}
        if self._asked_at is None or place.now - self._asked_at >= _ANEW:
            self._seen, self._asked_at = _ask(place), place.now
        return self._seen


def _ask(place: Place) -> Seen:
    host, port = place.settings.dagster.host, place.settings.dagster.port
    missing = dagster_missing(host, port)
    told = Finding("dagster_down", f"Missing is {missing}.")
    seen: Seen = {"dagster_down": when(missing, told)}
    stale = stale_assets(host, port) if missing is None else None
    if stale is None:
        return seen
    names, failed = tuple(name for name, _ in stale), any(bad for _, bad in stale)
    found = Finding(
        "stale_assets",
        f"{len(names)} asset{'s were' if len(names) != 1 else ' was'} not materialized in time.",
        items=names[:NAMED],
        count=max(len(names), 1),
        severity="critical" if failed else "warning",
    )
    return {**seen, "stale_assets": when(stale, found)}
