"""What is found, and what becomes of it: a few frozen types.

Belongs here: the nouns of this room. Does not: how one follows from the other (``lifecycle.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from iot_assets.sections.alerts import SEVERITIES

if TYPE_CHECKING:
    from iot_assets.sections.alerts import Severity

#: An alert names so many of the things that it is about; their number it always tells.
NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """A cause holds, for one group of things: all the devices of a site, one rule, one table's checks."""

    cause: str
    summary: str
    """What is so, in a sentence."""
    about: str = ""
    """Which group; empty where the cause is about the house."""
    items: tuple[str, ...] = ()
    """The things themselves, at most ``NAMED`` of them."""
    count: int = 1
    """How many there are."""
    severity: Severity | None = None
    """Where it is not the cause's own."""


class State(StrEnum):
    """Where an alert is in its life."""

    PENDING = "pending"
    OPEN = "open"
    RESOLVED = "resolved"


class Kind(StrEnum):
    """Why people are told."""

    RAISED = "raised"
    GREW = "grew"
    REMINDER = "reminder"
    RESOLVED = "resolved"
    PASSED = "passed"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Alert:
    """One cause, for one group, from its first sight to its end."""

    alert_id: str
    cause: str
    about: str
    severity: Severity
    summary: str
    items: tuple[str, ...]
    count: int
    state: State
    since_at: datetime
    """When it was first seen."""
    seen_at: datetime
    """When it was last seen."""
    gone_at: datetime | None = None
    """Since when it is seen no more, while that is not yet long enough."""
    raised_at: datetime | None = None
    resolved_at: datetime | None = None
    told_at: datetime | None = None
    """When people were last told of it, or that was last put in writing."""
    told_count: int = 0
    told_severity: Severity | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    note: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What it is one alert of."""
        return self.cause, self.about


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to be told by one channel."""

    notice_id: str
    """Stays the same however often it is sent, so that a receiver can tell."""
    channel: str
    kind: Kind
    severity: Severity
    created_at: datetime
    body: dict[str, Any]
    """The alert as it was then (``words.py`` says what it holds)."""
    attempts: int = 0


def rank(severity: Severity) -> int:
    """Orders severities, the worst highest."""
    return SEVERITIES.index(severity)
