"""What a look is given, and what it gives back.

Belongs here: the types of looks. Does not: any look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from iot_assets.alerts.alert import Finding
from iot_assets.lake.paths import DataPaths

if TYPE_CHECKING:
    from iot_assets.alerts.store import Store
    from iot_assets.sections.alerts import Alerts
    from iot_assets.settings import Settings

#: cause → what was found of it; a cause that is missing could not be looked at.
Seen: TypeAlias = Mapping[str, Sequence[Finding]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where one looks, and when."""

    settings: Settings
    store: Store
    now: datetime

    @property
    def paths(self) -> DataPaths:
        """Where the data lie."""
        return DataPaths(self.settings.data_dir.absolute())

    @property
    def alerts(self) -> Alerts:
        """The settings of alerts."""
        return self.settings.alerts

    def increase(self, name: str, value: int, *, within_seconds: float) -> int:
        """By how much a counter has grown of late: since the last time it was still for so long.

        Where it falls it was begun anew, and counts from there; what it stood at when first seen is no increase.
        """
        before: dict[str, Any] = self.store.recall(name) or {"value": value, "grown": 0, "at": 0.0}
        present = self.now.timestamp()
        recent: int = before["grown"] if present - before["at"] <= within_seconds else 0
        grown: int = max(value - before["value"], 0)
        after = {"value": value, "grown": recent + grown, "at": present if grown else before["at"]}
        if after != before or self.store.recall(name) is None:
            self.store.remember(name, after)
        return recent + grown


Look: TypeAlias = Callable[[Place], Seen]


def when(condition: object, finding: Finding) -> tuple[Finding, ...]:
    """The finding where the condition holds, else nothing."""
    return (finding,) if condition else ()
