"""The watcher: looks every few seconds, and lets its couriers tell what there is to tell.

Belongs here: the loop, and that there is one watcher a house. Does not: what it does in each turn (``turn.py``).
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from iot_assets.alerts import outbox
from iot_assets.alerts.causes import refuse_unknown
from iot_assets.alerts.delivery import Courier, senders
from iot_assets.alerts.looks.all import Looks, all_looks
from iot_assets.alerts.looks.place import Place
from iot_assets.alerts.metrics import metrics_page
from iot_assets.alerts.store import Store
from iot_assets.alerts.turn import turn
from iot_assets.lake.paths import DataPaths
from iot_assets.ops.claims import claim

if TYPE_CHECKING:
    from iot_assets.alerts.looks.place import Look
    from iot_assets.settings import Settings

_log: Final = logging.getLogger(__name__)
_PRUNE_TURNS: Final = 360


def watch(settings: Settings, stop: threading.Event, *, looks: Sequence[Look] | None = None) -> None:
    """Watch until told to stop.

    Args:
        settings: all of them.
        stop: set by whoever wants it to end.
        looks: other looks than all there are.

    Raises:
        SettingsError: the settings name causes that there are not.
        InUseError: another watcher looks after this house, or the port for metrics is taken.
        StorageError: the store cannot be made.
    """
    refuse_unknown(settings.alerts)
    paths = DataPaths(settings.data_dir.absolute())
    looked_at = _LookedAt()
    channels = senders(settings.alerts, paths)
    page = metrics_page(settings.alerts.metrics_port, paths.alerts, list(channels), looked_at)
    with _sole(paths), page:
        store = Store(paths.alerts)
        outbox.abandon(store, list(channels), datetime.now(UTC))
        couriers = [Courier(name, send, paths, settings.alerts, stop) for name, send in channels.items()]
        for courier in couriers:
            courier.start()
        _log.info("watching; told by: %s", ", ".join(channels))
        try:
            _loop(settings, store, Looks(all_looks() if looks is None else looks), stop, looked_at)
        finally:
            stop.set()
            for courier in couriers:
                courier.join(2)  # one in the middle of an attempt is left to it: its notice is tried again
            store.close()


class _LookedAt:
    """When the last turn was, in seconds since 1970; 0 before the first."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def _loop(settings: Settings, store: Store, looks: Looks, stop: threading.Event, looked_at: _LookedAt) -> None:
    turns = 0
    while not stop.is_set():
        now = datetime.now(UTC)
        try:
            turn(store, looks(Place(settings, store, now)), settings, now)
            looked_at.at = now.timestamp()
            if turns % _PRUNE_TURNS == 0:
                store.prune(keep=timedelta(days=settings.alerts.keep_days), now=now)
        except sqlite3.OperationalError as error:
            _log.error("the store of alerts cannot be used: %s", error)  # a full disk, mostly: it is tried again
        turns += 1
        stop.wait(settings.alerts.every_seconds)


def _sole(paths: DataPaths) -> AbstractContextManager[None]:
    """Keep other watchers away, or people would be told everything twice."""
    return claim(
        paths.alerts_lock,
        what=f"the store of alerts {paths.alerts}",
        holder="another watcher",
        advice="one is enough; `up` and `demo` run their own, unless alerts.enabled is false",
    )
