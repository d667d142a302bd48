"""Landed files that the published copy does not contain: how many, and for how long.

Belongs here: the lake against the published ledger. Does not: why it is so.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from iot_assets.alerts.alert import Finding
from iot_assets.alerts.looks.place import when
from iot_assets.lake.paths import list_landed
from iot_assets.serving.ledger import published_paths

if TYPE_CHECKING:
    from iot_assets.alerts.looks.place import Place, Seen

#: The lake may hold thousands of files; minutes are what this is about.
_ANEW: Final = timedelta(seconds=30)


class BacklogLook:
    """Looks at the lake now and then."""

    def __init__(self) -> None:
        self._looked_at: datetime | None = None
        self._waiting, self._oldest = 0, 0.0

    def __call__(self, place: Place) -> Seen:
        """What waits."""
        if self._looked_at is None or place.now - self._looked_at >= _ANEW:
            published = published_paths(place.paths)
            paths = [file.path for file in list_landed(place.paths) if file.path not in published]
            ages = [_modified(place, path) for path in paths]
            self._waiting, self._oldest = len(paths), min(ages, default=0.0)
            self._looked_at = place.now
        told = f"{self._waiting} landed files wait for a run"
        minutes = (place.now.timestamp() - self._oldest) / 60 if self._waiting else 0.0
        oldest = datetime.fromtimestamp(self._oldest, UTC)
        return {
            "backlog": when(
                self._waiting >= place.alerts.backlog_files,
                Finding("backlog", f"{told}.", count=max(self._waiting, 1)),
            ),
            "tables_behind": when(
                minutes > place.alerts.behind_minutes,
                Finding("tables_behind", f"{told}, the oldest since {oldest:%Y-%m-%d %H:%M:%S} UTC."),
            ),
        }


def _modified(place: Place, path: str) -> float:
    try:
        return (place.paths.lake / path).stat().st_mtime
    except OSError:
        return place.now.timestamp()  # joined with others while we looked
