"""The tail: the readings of all segments that the present publication does not contain, kept up to date.

Each look decodes what has come since the last one. Once a publication contains a segment, its readings are dropped and
the others are settled anew beside that publication, out of sight; then readers change over to it. So a reader sees a
publication and just what it lacks. Belongs here: which segments, and how much of them. Does not: when to look, who
reads (``live``).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from iot_assets.lake.paths import DataPaths
from iot_assets.serving.live.beside import Beside
from iot_assets.serving.live.decoding import Decoding
from iot_assets.serving.live.news import News
from iot_assets.serving.live.segments import ChangedError, Reading, Segment, in_lake, in_spool, read_on, rows_in
from iot_assets.serving.published import QuestionError

if TYPE_CHECKING:
    from pathlib import Path

    from iot_assets.serving.pool import PublishedPool
    from iot_assets.settings import Settings


@dataclass(slots=True)
class _Held:
    """What is held of a segment."""

    reading: Reading = field(default_factory=Reading)
    readings: list[pa.Table] = field(default_factory=list)
    left_out: bool = False
    """Too old for a tail of bounded length: it is seen once it is published."""


class Tail:
    """One thread looks; any number of them read."""

    def __init__(self, settings: Settings, pool: PublishedPool) -> None:
        self._paths = DataPaths(settings.data_dir)
        self._most = settings.server.live.most_messages
        self._pool = pool
        self._decoding = Decoding(settings)
        self._held: dict[Segment, _Held] = {}
        self._lock = threading.Lock()
        self._beside: Beside | None = None
        self.messages = 0
        """How many messages it shows."""
        self.left_out = 0
        """How many landed files are too many for it."""

    def look(self) -> bool:
        """Take in what is new since the last look; whether ``news`` has anything to tell.

        Raises:
            QuestionError: nothing is published yet.
        """
        copy = self._pool.hold_any()
        renewed = self._beside is None or copy is not self._beside.copy
        if renewed:
            try:
                beside = self._renewed(Beside(copy))
            except BaseException:
                self._pool.let_go(copy)
                raise
        else:
            assert self._beside is not None
            beside = self._beside
            self._pool.let_go(copy)
        try:
            return self._read_on(beside, everywhere=renewed)
        finally:
            self._count()

    def news(self) -> list[News]:
        """What the last look has brought to light; to be asked in the thread that looks."""
        return self._present().news()

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor on the present publication, with the tail beside it in ``memory.live``.

        Raises:
            QuestionError: nobody has looked yet.
        """
        with ExitStack() as leave:
            with self._lock:
                cursor = leave.enter_context(self._pool.cursor_on(self._present().copy))
            yield cursor

    @property
    def version(self) -> str:
        """Differs whenever something else is seen.

        Raises:
            QuestionError: nobody has looked yet.
        """
        return self._present().version

    def close(self) -> None:
        """Let go of the publication; a look begins from nothing."""
        with self._lock:
            beside, self._beside = self._beside, None
        if beside is not None:
            beside.close()
            self._pool.let_go(beside.copy)
        self._held.clear()
        self._count()

    def _present(self) -> Beside:
        if (beside := self._beside) is None:
            raise QuestionError("what is not published yet is being read anew; ask again")
        return beside

    def _renewed(self, beside: Beside) -> Beside:
        """Settle what the publication lacks beside it, then let readers see it."""
        self._decoding.know(beside.births())
        self._held = {segment: held for segment, held in self._held.items() if segment not in beside.published}
        self._settle_anew(beside)
        with self._lock:
            before, self._beside = self._beside, beside
        if before is not None:
            before.close()
            self._pool.let_go(before.copy)
        return beside

    def _settle_anew(self, beside: Beside) -> None:
        tables = [table for held in self._held.values() for table in held.readings]
        if tables or beside.additions:
            beside.add(tables, anew=True)

    def _read_on(self, beside: Beside, *, everywhere: bool) -> bool:
        # The spool first: what is sealed meanwhile is met in the lake, which then comes last.
        found = in_spool(self._paths)
        found |= in_lake(self._paths, recent=not everywhere)
        lacking = {s: path for s, path in found.items() if s not in beside.published}
        self._leave_out(lacking, self._most)
        news: list[pa.Table] = []
        anew = False
        for segment, path in sorted(lacking.items()):
            held = self._held.setdefault(segment, _Held())
            if held.reading.ended:
                continue
            try:
                messages = read_on(path, held.reading)
            except ChangedError:
                held, anew = _Held(), True
                self._held[segment] = held
                messages = read_on(path, held.reading)
            if messages is not None:
                readings = self._decoding.readings(messages, self._newest_of(segment, found))
                if len(readings):
                    held.readings.append(readings)
                    news.append(readings)
        self._count()
        if self.messages > self._most:
            anew = True
            self._leave_out({}, self._most // 2)
        if anew:
            self._settle_anew(beside)
        elif news:
            beside.add(news)
        return bool(news) and not anew

    def _leave_out(self, found: dict[Segment, Path], most: int) -> None:
        """Mark the oldest segments beyond a bound as left out, those found in the lake before they are read."""
        new = {s: path for s, path in found.items() if s not in self._held and path.suffix != ".spool"}
        room = most
        for segment in sorted(self._held | new, key=lambda s: (s.start_ms, s.number), reverse=True):
            if room >= 0 and segment in new:
                room -= rows_in(new[segment])
            elif segment in self._held:
                room -= self._held[segment].reading.messages
            if room < 0 and (segment in new or self._held[segment].reading.ended):
                self._held[segment] = _Held(Reading(ended=True), left_out=True)

    def _count(self) -> None:
        self.messages = sum(held.reading.messages for held in self._held.values())
        self.left_out = sum(held.left_out for held in self._held.values())

    def _newest_of(self, segment: Segment, found: dict[Segment, Path]) -> Iterator[pa.Table]:
        """The messages of a lander's segments up to this one, the newest first, as far as they are at hand."""
        for one in sorted((s for s in found if s.lander == segment.lander and s <= segment), reverse=True):
            if (table := read_on(found[one], Reading())) is not None:
                yield table
