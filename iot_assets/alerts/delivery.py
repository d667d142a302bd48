"""Telling: a thread per channel takes what waits for it and sends it, again and again until it was taken.

A notice is marked as sent after the channel took it, so that none is lost: whoever is killed between the two sends it
once more, under the same notice id. Belongs here: the threads and their patience. Does not: one attempt
(``channels``), the queues (``outbox.py``).
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from iot_assets.alerts import outbox
from iot_assets.alerts.channels import everywhere, log, smtp, webhook
from iot_assets.alerts.channels.trouble import ChannelError
from iot_assets.alerts.store import Store
from iot_assets.alerts.turn import LOG

if TYPE_CHECKING:
    from iot_assets.alerts.alert import Notice
    from iot_assets.lake.paths import DataPaths
    from iot_assets.sections.alerts import Alerts, Channel

Send: TypeAlias = "Callable[[Notice], None]"

#: kind of channel → the function that sends by it.
KINDS: Final[Mapping[str, Callable[[Channel, Notice], None]]] = MappingProxyType(
    {
        "webhook": webhook.send,
        "slack": webhook.send,
        "teams": webhook.send,
        "smtp": smtp.send,
        "apprise": everywhere.send,
    }
)
_log: Final = logging.getLogger(__name__)
_PAUSE_SECONDS: Final = 1.0


def senders(alerts: Alerts, paths: DataPaths) -> dict[str, Send]:
    """Every channel by its name, the local log first."""
    named: dict[str, Send] = {LOG: partial(log.append, paths.alert_log)}
    return named | {channel.name: partial(KINDS[channel.kind], channel) for channel in alerts.channels}


class Courier(threading.Thread):
    """Sends what waits for one channel."""

    def __init__(self, channel: str, send: Send, paths: DataPaths, alerts: Alerts, stop: threading.Event) -> None:
        super().__init__(name=f"alerts-{channel}", daemon=True)
        self._channel, self._send, self._paths = channel, send, paths
        self._alerts, self._halt = alerts, stop
        self._taken: set[str] = set()

    def run(self) -> None:
        """Send until told to stop; what waits then is sent by the next start."""
        store = Store(self._paths.alerts)
        try:
            while not self._halt.is_set():
                if not self._try_once(store):
                    self._halt.wait(_PAUSE_SECONDS)
        finally:
            store.close()

    def _try_once(self, store: Store) -> bool:
        """Whether a notice was taken, so that there may be more."""
        try:
            return deliver_one(store, self._channel, self._send, self._alerts, self._taken)
        except sqlite3.OperationalError as error:
            _log.error("%s: the store of alerts cannot be used: %s", self._channel, error)
            return False


def deliver_one(store: Store, channel: str, send: Send, alerts: Alerts, taken: set[str]) -> bool:
    """Send what the channel is to be told next, if anything; whether it was taken.

    Args:
        store: the courier's own connection.
        channel: its name.
        send: what sends by it.
        alerts: the settings.
        taken: notices that the channel took and that could not be marked, the disk being full: not sent again.
    """
    notice = outbox.due(store, channel, datetime.now(UTC))
    if notice is not None and (dropped := outbox.trim(store, channel, alerts, datetime.now(UTC))):
        _log.error("%s: %d notices that it could not be told were dropped", channel, dropped)
        notice = outbox.due(store, channel, datetime.now(UTC))
    if notice is None:
        return False
    if notice.notice_id not in taken:
        if not _sent(store, channel, send, alerts, notice):
            return False
        taken.add(notice.notice_id)
    outbox.sent(store, notice, datetime.now(UTC))
    taken.discard(notice.notice_id)
    return True


def _sent(store: Store, channel: str, send: Send, alerts: Alerts, notice: Notice) -> bool:
    """One attempt; whether the channel took it."""
    try:
        send(notice)
    except ChannelError as error:
        pause = outbox.failed(store, notice, str(error), datetime.now(UTC), alerts)
        _log.error("%s: %s; tried again in %.0f s", channel, error, pause.total_seconds())
        return False
    except Exception as error:  # noqa: BLE001 - whatever a library raises, the notice waits and the others go on
        pause = outbox.failed(store, notice, f"{type(error).__name__}: {error}", datetime.now(UTC), alerts)
        _log.exception("%s: sending failed; tried again in %.0f s", channel, pause.total_seconds())
        return False
    return True
