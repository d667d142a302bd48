"""One who listens: what is wanted, and a queue that never grows beyond its bound.

The tail's thread puts in, the event loop takes out. Who takes too slowly loses the oldest and is told how many. Belongs
here: the queue. Does not: the network (``api/events``, ``api/socket``).
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple

from iot_assets.serving.live.news import News

#: Most readings handed out at once, so that what is slow to send is bounded too.
_AT_ONCE: Final = 1000


class Wanted(NamedTuple):
    """Readings of these devices and metrics; none named: all."""

    devices: frozenset[str] = frozenset()
    metrics: frozenset[str] = frozenset()

    def has(self, news: News) -> bool:
        """Whether this is one of them."""
        return (not self.devices or news.device_id in self.devices) and (
            not self.metrics or news.metric in self.metrics
        )


class Listener:
    """Made in the event loop that takes out. ``wanted`` may be changed at any time; a reading is handed out once."""

    def __init__(self, most: int, wanted: Iterable[Wanted] = ()) -> None:
        self.wanted: tuple[Wanted, ...] = tuple(wanted)
        self._most = most
        self._queue: deque[News] = deque()
        self._lost = 0
        self._lock = threading.Lock()
        self._loop = asyncio.get_running_loop()
        self._bell = asyncio.Event()

    def hear(self, news: list[News]) -> None:
        """Put in what is wanted of this. Any thread may."""
        wanted = self.wanted
        mine = [one for one in news if any(each.has(one) for each in wanted)]
        if not mine:
            return
        with self._lock:
            self._queue.extend(mine)
            while len(self._queue) > self._most:
                self._queue.popleft()
                self._lost += 1
        with contextlib.suppress(RuntimeError):  # the server is ending, and nobody takes out any more
            self._loop.call_soon_threadsafe(self._bell.set)

    async def heard(self, seconds: float) -> tuple[int, list[News]]:
        """How many were lost since the last time, and what came behind them; nothing after so many seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._bell.wait(), seconds)
        with self._lock:
            lost, self._lost = self._lost, 0
            taken = [self._queue.popleft() for _ in range(min(_AT_ONCE, len(self._queue)))]
            if not self._queue:
                self._bell.clear()
        return lost, taken
