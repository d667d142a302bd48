"""What is wrong now, by the very looks by which people are told, taken once.

Belongs here: taking them without leaving anything behind, the gravest first. Does not: any look (``alerts/looks``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from iot_assets.alerts.alert import rank
from iot_assets.alerts.causes import CAUSES
from iot_assets.alerts.looks.all import Looks, all_looks
from iot_assets.alerts.looks.place import Place
from iot_assets.alerts.store import copy_of
from iot_assets.lake.paths import DataPaths

if TYPE_CHECKING:
    from iot_assets.alerts.alert import Finding
    from iot_assets.sections.alerts import Severity
    from iot_assets.settings import Settings


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong, and what to do about it."""

    cause: str
    severity: Severity
    title: str
    summary: str
    advice: str


def troubles(settings: Settings, now: datetime) -> list[Trouble]:
    """All that the looks find at once, without the patience that alerts have; the gravest first."""
    store = copy_of(DataPaths(settings.data_dir.absolute()).alerts)
    try:
        seen = Looks(all_looks())(Place(settings, store, now))
    finally:
        store.close()
    found = [
        _trouble(finding, settings)
        for cause, findings in seen.items()
        if cause not in settings.alerts.ignore
        for finding in findings
    ]
    return sorted(found, key=lambda trouble: (-rank(trouble.severity), trouble.cause))


def _trouble(finding: Finding, settings: Settings) -> Trouble:
    cause = CAUSES[finding.cause]
    severity = settings.alerts.severities.get(finding.cause) or finding.severity or cause.severity
    return Trouble(finding.cause, severity, cause.title, finding.summary, cause.advice)
