"""One turn: what was found becomes alerts, and notices in the queues of the channels, in one transaction.

Belongs here: joining what is found with what is known. Does not: looking (``looks``), one alert's life
(``lifecycle.py``), sending (``delivery.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from iot_assets.alerts import outbox, words
from iot_assets.alerts.alert import Alert, Finding, Kind
from iot_assets.alerts.lifecycle import advance, cooldown, meets
from iot_assets.alerts.quiet import quiet_until

if TYPE_CHECKING:
    from iot_assets.alerts.store import Store
    from iot_assets.settings import Settings

#: The channel that is always there.
LOG: Final = "log"


def turn(store: Store, seen: Mapping[str, Iterable[Finding]], settings: Settings, now: datetime) -> None:
    """Let every alert go on by one step.

    Args:
        store: the store.
        seen: cause → what was found of it. A cause that is missing could not be looked at: its alerts stay as they are.
        settings: all of them.
        now: the present.
    """
    alerts = settings.alerts
    seen = {**seen, **dict.fromkeys(alerts.ignore, ())}
    found = {(f.cause, f.about): f for findings in seen.values() for f in findings}
    with store.transaction():
        alive = store.alive()
        for key in [*found, *(k for k in alive if k not in found and k[0] in seen)]:
            before = alive.get(key)
            told = store.last_told(*key) if before is None or before.told_at is None else None
            cooled_at = told + cooldown(alerts) if told is not None else None
            step = advance(before, found.get(key), now, alerts, cooled_at)
            if step.alert is not None:
                store.put(step.alert)
            elif before is not None:
                store.forget(before.alert_id)
            if step.alert is not None and step.told is not None:
                _tell(store, step.alert, step.told, settings, now)


def _tell(store: Store, alert: Alert, kind: Kind, settings: Settings, now: datetime) -> None:
    quiet = quiet_until(now, settings.alerts.quiet) if alert.severity != "critical" else None
    known = {LOG, *(channel.name for channel in settings.alerts.channels)}
    patient = {channel.name for channel in settings.alerts.channels if channel.quiet_hours}
    told = outbox.channels_told(store, alert)
    channels = [name for name in told if name in known] if kind is Kind.RESOLVED else _concerned(alert, settings)
    for channel in channels:
        why = kind
        if kind is not Kind.RAISED and outbox.withdraw(store, alert, channel, now):
            # It was not yet told here, since the hours are quiet: one notice says it all.
            why = Kind.PASSED if kind is Kind.RESOLVED else Kind.RAISED
        outbox.enqueue(
            store,
            channel,
            why,
            severity=alert.severity,
            body=words.body_of(alert, why, settings),
            now=now,
            not_before=quiet if channel in patient else None,
            alert_id=alert.alert_id,
        )


def _concerned(alert: Alert, settings: Settings) -> list[str]:
    """Channels that are told of it: a channel that is down is not told so by itself."""
    named = [c.name for c in settings.alerts.channels if meets(alert.severity, c.minimum)]
    return [name for name in [LOG, *named] if (alert.cause, alert.about) != ("channel_down", name)]
