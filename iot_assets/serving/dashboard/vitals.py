"""How the platform is at this moment: what no published table can know yet.

Belongs here: figures of running processes, looked at once for all open pages. Does not: data (``asked``).
"""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from iot_assets.lake.paths import DataPaths
from iot_assets.landing.status import LanderStatus, read_status
from iot_assets.serving.dashboard.processes import Process, processes

if TYPE_CHECKING:
    from collections.abc import Callable

    from iot_assets.settings import Settings

#: What lists all landed files is asked so often, in seconds.
_TOLD_FOR: Final = 15.0
#: Processes are listed so often, in seconds.
_LISTED_FOR: Final = 5.0
#: Messages per second are those of so many seconds.
_RATE_OVER: Final = 5.0


@dataclass(frozen=True, slots=True)
class Running:
    """A process, and how much of one processor it has used of late."""

    process: Process
    share: float


class Vitals:
    """Looked at by all pages; ``told`` is what the API says under ``/status``."""

    def __init__(self, settings: Settings, told: Callable[[], dict[str, Any]]) -> None:
        self._paths, self._lander_name = DataPaths(settings.data_dir), settings.lander.name
        self._ask_told = told
        self._told: dict[str, Any] | None = None
        self._told_at = float("-inf")
        self._asking: asyncio.Task[dict[str, Any]] | None = None
        self._listed_at = float("-inf")
        self._running: list[Running] = []
        self._disk: list[tuple[str, int]] = []
        self._seen: list[tuple[float, int, int]] = []

    async def told(self) -> dict[str, Any]:
        """``ok``, ``problems``, ``waiting_files`` and the rest of ``/status``; while it is asked anew, as it was."""
        if self._asking is None or (self._asking.done() and time.monotonic() - self._told_at > _TOLD_FOR):
            self._told_at = time.monotonic()
            self._asking = asyncio.create_task(asyncio.to_thread(self._ask_told))
        if self._told is None or self._asking.done():
            self._told = await self._asking
        return self._told

    async def resources(self) -> tuple[list[Running], list[tuple[str, int]]]:
        """The platform's processes on this machine, and sizes on its disk, a few seconds old at most."""
        now = time.monotonic()
        if now - self._listed_at > _LISTED_FOR:
            before, seconds = {one.process.pid: one.process for one in self._running}, now - self._listed_at
            self._listed_at = now
            found, self._disk = await asyncio.to_thread(self._list)
            self._running = [Running(one, _share(one, before.get(one.pid), seconds)) for one in found]
        return self._running, self._disk

    def _list(self) -> tuple[list[Process], list[tuple[str, int]]]:
        home = Path(os.environ.get("DAGSTER_HOME") or self._paths.dagster)
        return processes(self._paths.root, home), _disk(self._paths)

    def lander(self) -> LanderStatus | None:
        """What the lander says of itself, where there is one on this machine."""
        return read_status(self._paths, self._lander_name)

    def rate(self, lander: LanderStatus | None) -> float | None:
        """Messages received per second of late; none after a new start, or where no lander runs here."""
        if lander is None:
            self._seen = []
            return None
        at = lander.updated_at.timestamp()
        if self._seen and (self._seen[-1][1] != lander.pid or self._seen[-1][2] > lander.received_messages):
            self._seen = []
        if not self._seen or at > self._seen[-1][0]:
            self._seen.append((at, lander.pid, lander.received_messages))
        while len(self._seen) > 2 and at - self._seen[1][0] >= _RATE_OVER:
            del self._seen[0]
        first, last = self._seen[0], self._seen[-1]
        return (last[2] - first[2]) / (last[0] - first[0]) if last[0] > first[0] else None


def _share(process: Process, before: Process | None, seconds: float) -> float:
    if before is None or before.name != process.name:
        return 0.0
    return max(process.cpu_seconds - before.cpu_seconds, 0) / seconds


def _disk(paths: DataPaths) -> list[tuple[str, int]]:
    """Sizes that cost nothing to look up: of single files, and what is free."""
    found = [
        (name, file.stat().st_size)
        for name, file in (("warehouse", paths.warehouse), ("published copy", paths.serving))
        if file.exists()
    ]
    if paths.root.exists():
        room = os.statvfs(paths.root)
        found.append(("free on the disk", room.f_bavail * room.f_frsize))
    return found
