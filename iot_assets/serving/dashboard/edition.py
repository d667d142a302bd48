"""One publication, and the answers that it has given: what is asked of it once is known to all open pages.

Belongs here: asking beside the event loop, and keeping answers. Does not: the questions (``reads``), which publication
pages are shown (``asked``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from iot_assets.serving.reads.status import status

if TYPE_CHECKING:
    import duckdb

    from iot_assets.serving.dashboard.filters import Filters
    from iot_assets.serving.pool import Copy, PublishedPool
    from iot_assets.serving.reads.question import Question

Row: TypeAlias = dict[str, Any]
#: Name → the rows of an answer, which are everybody's: not to be changed.
Found: TypeAlias = dict[str, list[Row]]
#: So many answers are kept; beyond, the oldest is forgotten.
_MOST: Final = 200


def answer(connection: duckdb.DuckDBPyConnection, question: Question) -> list[Row]:
    """Ask, and wait."""
    cursor = connection.execute(question.sql, dict(question.parameters))
    columns = [column[0] for column in cursor.description or []]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


class Edition:
    """To be used on one event loop. Its publication stays open until it is replaced and nobody uses it any more."""

    def __init__(self, pool: PublishedPool, copy: Copy) -> None:
        """``copy`` is held by whoever calls, and let go of by this."""
        self.version = copy.version
        self._pool, self._copy = pool, copy
        self._kept: dict[tuple[str, str], asyncio.Task[list[Row]]] = {}
        self._users = 0
        self._replaced = False
        self.status: Row = {}
        """How much there is, and as of when."""

    async def read_status(self) -> None:
        """To be awaited before anything else is asked."""
        (self.status,) = await self.rows(status())

    @property
    def now(self) -> datetime:
        """As of when the tables are, which is the present of all that is drawn from them."""
        at: datetime = self.status["published_at"]
        return at.astimezone(UTC)

    @property
    def nothing(self) -> str:
        """What is to be said where it is empty because nothing is published yet; else an empty text."""
        return self._pool.nothing if self._copy.is_empty else ""

    def span(self, filters: Filters) -> tuple[datetime, datetime]:
        """First instant of what these filters show, and the one after the last."""
        return filters.times(self.now, self.status["first_received_at"])

    @property
    def is_newest(self) -> bool:
        """Whether nothing has been published since."""
        return self._pool.is_newest(self._copy)

    def holds(self, table: str) -> bool:
        """Whether it has this table; a publication by an older version may lack it."""
        return table in self._copy.tables

    async def rows(self, question: Question) -> list[Row]:
        """The rows of the answer, which are everybody's: not to be changed."""
        key = (question.sql, repr(question.parameters))
        task = self._kept.get(key)
        if task is None:
            task = self._kept[key] = asyncio.create_task(asyncio.to_thread(self._ask, question))
            task.add_done_callback(self._forgetting(key))
            if len(self._kept) > _MOST:
                del self._kept[next(iter(self._kept))]
        return await asyncio.shield(task)

    async def answers(self, **questions: Question) -> Found:
        """The rows of several answers, asked side by side."""
        found = await asyncio.gather(*(self.rows(question) for question in questions.values()))
        return dict(zip(questions, found, strict=True))

    @contextmanager
    def used(self) -> Iterator[None]:
        """It stays open meanwhile."""
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            self._close_if_done()

    def replace(self) -> None:
        """Pages are shown another one from now on."""
        self._replaced = True
        self._close_if_done()

    def _close_if_done(self) -> None:
        if self._replaced and not self._users:
            self._pool.let_go(self._copy)

    def _ask(self, question: Question) -> list[Row]:
        with self._pool.cursor_on(self._copy) as connection:
            return answer(connection, question)

    def _forgetting(self, key: tuple[str, str]) -> Callable[[asyncio.Task[list[Row]]], None]:
        """What lets a question that failed be asked again."""

        def forget(done: asyncio.Task[list[Row]]) -> None:
            if (done.cancelled() or done.exception() is not None) and self._kept.get(key) is done:
                del self._kept[key]

        return forget
