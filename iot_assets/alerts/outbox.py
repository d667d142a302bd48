"""What is to be told, channel by channel: written together with the alert, taken out when it was told.

Belongs here: queueing, the bounds of a queue, how a channel fares. Does not: sending (``delivery.py``).
"""

from __future__ import annotations

import json
import random
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from iot_assets.alerts.alert import Alert, Kind, Notice, rank
from iot_assets.alerts.store import Store, instant, text

if TYPE_CHECKING:
    from iot_assets.sections.alerts import Alerts, Severity

_FIRST_PAUSE_SECONDS: Final = 5.0
_WAITING: Final = "sent_at is null and dropped_at is null"


@dataclass(frozen=True, slots=True)
class ChannelState:
    """How a channel fares."""

    channel: str
    waiting: int
    sent: int
    dropped: int
    failures: int = 0
    failing_since_at: datetime | None = None
    next_try_at: datetime | None = None
    problem: str | None = None
    last_sent_at: datetime | None = None


def enqueue(
    store: Store,
    channel: str,
    kind: Kind,
    *,
    severity: Severity,
    body: dict[str, Any],
    now: datetime,
    not_before: datetime | None = None,
    alert_id: str | None = None,
) -> str:
    """Put a notice into a channel's queue; its id."""
    notice_id = secrets.token_hex(8)
    if alert_id is not None:  # what is told of one alert is told in its order, though it has become worse
        store.run(
            "update notices set severity_rank = max(severity_rank, ?)"
            f" where alert_id = ? and channel = ? and {_WAITING}",
            *(rank(severity), alert_id, channel),
        )
    store.run(
        "insert into notices (notice_id, alert_id, channel, kind, severity, severity_rank, body, created_at,"
        " not_before_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(notice_id, alert_id, channel, kind, severity, rank(severity), json.dumps(body, ensure_ascii=False)),
        *(text(now), text(not_before or now)),
    )
    return notice_id


def channels_told(store: Store, alert: Alert) -> list[str]:
    """Channels that were told of the alert, or are to be."""
    found = store.rows("select distinct channel from notices where alert_id = ? order by 1", alert.alert_id)
    return [row["channel"] for row in found]


def withdraw(store: Store, alert: Alert, channel: str, now: datetime) -> bool:
    """Take back what the channel was not yet to be told of an alert; whether that was all there ever was."""
    its = store.rows(
        f"select {_WAITING} and not_before_at > ? as to_come from notices where alert_id = ? and channel = ?",
        *(text(now), alert.alert_id, channel),
    )
    if not its or not all(row["to_come"] for row in its):
        return False
    store.run("delete from notices where alert_id = ? and channel = ?", alert.alert_id, channel)
    return True


def due(store: Store, channel: str, now: datetime) -> Notice | None:
    """What the channel is to be told next: the worst first, and of those the oldest."""
    found = store.rows(
        f"select * from notices where channel = ? and {_WAITING} and not_before_at <= ?"
        " order by severity_rank desc, created_at, rowid limit 1",
        *(channel, text(now)),
    )
    if not found or not _may_try(store, channel, now):
        return None
    row = found[0]
    created_at = instant(row["created_at"])
    assert created_at is not None
    body = json.loads(row["body"])
    kind = Kind(row["kind"])
    return Notice(row["notice_id"], channel, kind, row["severity"], created_at, body, row["attempts"])


def sent(store: Store, notice: Notice, now: datetime) -> None:
    """The channel has taken it."""
    with store.transaction():
        store.run(
            "update notices set sent_at = ?, attempts = attempts + 1 where notice_id = ?", text(now), notice.notice_id
        )
        _row(store, notice.channel)
        store.run(
            "update channels set failures = 0, failing_since_at = null, next_try_at = null, problem = null,"
            " sent = sent + 1, last_sent_at = ? where channel = ?",
            *(text(now), notice.channel),
        )


def failed(store: Store, notice: Notice, problem: str, now: datetime, settings: Alerts) -> timedelta:
    """The channel has not taken it; how long to leave it in peace, drawn at random below a doubling bound."""
    with store.transaction():
        store.run("update notices set attempts = attempts + 1 where notice_id = ?", notice.notice_id)
        _row(store, notice.channel)
        failures = state_of(store, notice.channel).failures
        bound = min(settings.retry_max_seconds, _FIRST_PAUSE_SECONDS * 2.0 ** min(failures, 30))
        pause = timedelta(seconds=random.uniform(bound / 2, bound))  # noqa: S311 - spreads attempts, keeps no secret
        store.run(
            "update channels set failures = failures + 1, failing_since_at = coalesce(failing_since_at, ?),"
            " next_try_at = ?, problem = ? where channel = ?",
            *(text(now), text(now + pause), problem, notice.channel),
        )
    return pause


def trim(store: Store, channel: str, settings: Alerts, now: datetime) -> int:
    """Drop what waits too long or is too much, the oldest of the least severity first; how much that was."""
    with store.transaction():
        too_old = text(now - timedelta(hours=settings.give_up_hours))
        dropped = store.run(
            f"update notices set dropped_at = ? where channel = ? and {_WAITING} and created_at < ?",
            *(text(now), channel, too_old),
        )
        dropped += store.run(
            "update notices set dropped_at = ? where notice_id in (select notice_id from notices"
            f" where channel = ? and {_WAITING} order by severity_rank desc, created_at desc, rowid desc"
            " limit -1 offset ?)",
            *(text(now), channel, settings.channel_backlog),
        )
        if dropped:
            _row(store, channel)
            store.run("update channels set dropped = dropped + ? where channel = ?", dropped, channel)
    return dropped


def abandon(store: Store, channels: list[str], now: datetime) -> None:
    """What waits for channels that there are no longer will never be told."""
    marks = ", ".join("?" for _ in channels)
    with store.transaction():
        store.run(
            f"update notices set dropped_at = ? where {_WAITING} and channel not in ({marks})", text(now), *channels
        )
        store.run(f"delete from channels where channel not in ({marks})", *channels)


def state_of(store: Store, channel: str) -> ChannelState:
    """How the channel fares."""
    waiting = store.rows(f"select count(*) as n from notices where channel = ? and {_WAITING}", channel)[0]["n"]
    found = store.rows("select * from channels where channel = ?", channel)
    if not found:
        return ChannelState(channel, waiting, 0, 0)
    values: dict[str, Any] = {n: instant(v) if n.endswith("_at") else v for n, v in found[0].items()}
    return ChannelState(waiting=waiting, **values)


def try_now(store: Store, channel: str) -> None:
    """Let a channel that is left in peace be tried at once."""
    store.run("update channels set next_try_at = null where channel = ?", channel)


def _may_try(store: Store, channel: str, now: datetime) -> bool:
    at = state_of(store, channel).next_try_at
    return at is None or at <= now


def _row(store: Store, channel: str) -> None:
    store.run("insert or ignore into channels (channel) values (?)", channel)
