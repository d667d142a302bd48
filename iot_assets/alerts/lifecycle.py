"""How an alert goes on: from what is found now and what was so before, to what is so and what people are told.

Belongs here: hysteresis, cool-down, reminders; all of it a function of its arguments. Does not: keeping any of it
(``store.py``), sending (``delivery.py``).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from iot_assets.alerts.alert import Alert, Finding, Kind, State, rank
from iot_assets.alerts.causes import CAUSES

if TYPE_CHECKING:
    from iot_assets.sections.alerts import Alerts, Severity


@dataclass(frozen=True, slots=True)
class Step:
    """Where an alert stands now (None: nowhere, it never came to anything), and why people are told, if they are."""

    alert: Alert | None
    told: Kind | None = None


def advance(
    before: Alert | None, found: Finding | None, now: datetime, settings: Alerts, cooled_at: datetime | None = None
) -> Step:
    """One step of one alert whose cause was looked at.

    Args:
        before: how it stood, unless it was resolved or never there.
        found: what was found; None where the cause does not hold.
        now: the present.
        settings: how patient to be.
        cooled_at: until when people were just told of an earlier one of the same cause and group.
    """
    if found is None:
        return _gone(before, now, settings)
    if before is not None and before.state is State.PENDING and now - before.seen_at > _unseen(settings):
        before = None  # nobody looked for so long that it cannot be said to have held
    alert = _seen(before, found, now, settings)
    held = now - alert.since_at >= _patience(found.cause, settings)
    if alert.state is State.PENDING and held:
        alert = replace(alert, state=State.OPEN, raised_at=now)
    if alert.state is State.PENDING:
        return Step(alert)
    if (why := _why_tell(alert, now, settings, cooled_at)) is None:
        return Step(alert)
    return Step(replace(alert, told_at=now, told_count=alert.count, told_severity=alert.severity), why)


def _seen(before: Alert | None, found: Finding, now: datetime, settings: Alerts) -> Alert:
    severity = settings.severities.get(found.cause) or found.severity or CAUSES[found.cause].severity
    if before is None:
        return Alert(
            alert_id=secrets.token_hex(4),
            cause=found.cause,
            about=found.about,
            severity=severity,
            summary=found.summary,
            items=found.items,
            count=found.count,
            state=State.PENDING,
            since_at=now,
            seen_at=now,
        )
    return replace(
        before,
        severity=severity,
        summary=found.summary,
        items=found.items,
        count=found.count,
        seen_at=now,
        gone_at=None,
    )


def _gone(before: Alert | None, now: datetime, settings: Alerts) -> Step:
    if before is None or before.state is State.PENDING:
        return Step(None)
    gone_at = before.gone_at or now
    if now - gone_at < _patience(before.cause, settings):
        return Step(replace(before, gone_at=gone_at))
    over = replace(before, state=State.RESOLVED, gone_at=gone_at, resolved_at=now)
    if before.told_at is None:
        return Step(over)
    return Step(replace(over, told_at=now), Kind.RESOLVED)


def _why_tell(alert: Alert, now: datetime, settings: Alerts, cooled_at: datetime | None) -> Kind | None:
    if alert.told_at is None or alert.told_severity is None:
        return Kind.RAISED if cooled_at is None or now >= cooled_at else None
    if rank(alert.severity) > rank(alert.told_severity):
        return Kind.GREW
    if alert.acknowledged_at is not None:
        return None
    if alert.count >= 2 * alert.told_count and now - alert.told_at >= cooldown(settings):
        return Kind.GREW
    if settings.reminder_hours and now - alert.told_at >= timedelta(hours=settings.reminder_hours):
        return Kind.REMINDER
    return None


def cooldown(settings: Alerts) -> timedelta:
    """How long people are not told the same again."""
    return timedelta(minutes=settings.cooldown_minutes)


def _unseen(settings: Alerts) -> timedelta:
    return timedelta(seconds=max(settings.for_seconds, 3 * settings.every_seconds))


def _patience(cause: str, settings: Alerts) -> timedelta:
    return timedelta() if CAUSES[cause].sudden else timedelta(seconds=settings.for_seconds)


def meets(severity: Severity, minimum: Severity) -> bool:
    """Whether it is bad enough for a channel."""
    return rank(severity) >= rank(minimum)
