"""What has landed and is not published: how many files, and since when the oldest of them waits.

Belongs here: the difference between lake and published ledger, cheap to ask often. Does not: what is in them
(``live``).
"""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

from iot_assets.lake.paths import DataPaths, landed_days, list_landed
from iot_assets.serving.pool import PublishedPool
from iot_assets.serving.published import QuestionError

#: Of more files the oldest is as good as found.
_MOST_LOOKED_AT: Final = 1000


class Waiting(NamedTuple):
    """Files that wait for a run, and when the oldest landed."""

    files: int
    since: datetime | None


class WaitingFiles:
    """Any thread may look."""

    def __init__(self, paths: DataPaths, pool: PublishedPool) -> None:
        self._paths, self._pool = paths, pool
        self._lock = threading.Lock()
        self._version: str | None = None
        self._published: frozenset[str] = frozenset()
        self._older: frozenset[str] = frozenset()

    def look(self) -> Waiting:
        """All days of the lake once a publication, its last two each time."""
        days = landed_days(self._paths)
        with self._lock:
            self._renew(days[:-2])
            recent = {file.path for file in list_landed(self._paths, days=days[-2:]) if not file.joined}
            waiting = (recent - self._published) | self._older
        times = []
        for path in sorted(waiting)[:_MOST_LOOKED_AT]:
            try:
                times.append((self._paths.lake / path).stat().st_mtime)
            except FileNotFoundError:  # joined with others since
                continue
        return Waiting(len(waiting), datetime.fromtimestamp(min(times), UTC) if times else None)

    def _renew(self, older: list[date]) -> None:
        try:
            version = self._pool.version()
            if version == self._version:
                return
            with self._pool.cursor() as cursor:
                published = frozenset(path for (path,) in cursor.execute("select path from bronze.files").fetchall())
        except QuestionError:
            version, published = None, frozenset()
        files = list_landed(self._paths, days=older) if older else ()
        self._older = frozenset(file.path for file in files if not file.joined) - published
        self._version, self._published = version, published
