"""Questions asked once for all open pages: as long as nothing new is published, the answer is the same.

Belongs here: asking beside the event loop, and keeping answers. Does not: the questions (``reads``).
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from iot_assets.serving.reads.status import status

if TYPE_CHECKING:
    from iot_assets.serving.pool import PublishedPool
    from iot_assets.serving.reads.question import Question

Row: TypeAlias = dict[str, Any]
#: So many answers are kept; beyond, the oldest is forgotten.
_MOST: Final = 200


class Asked:
    """Answers from the present publication. To be used on one event loop."""

    def __init__(self, pool: PublishedPool) -> None:
        self._pool = pool
        self._version = ""
        self._kept: dict[tuple[str, str], asyncio.Task[list[Row]]] = {}

    async def rows(self, question: Question) -> list[Row]:
        """The rows of the answer, which are everybody's: not to be changed.

        Raises:
            QuestionError: nothing is published yet.
        """
        version = self._pool.version()
        if version != self._version:
            self._version, self._kept = version, {}
        key = (question.sql, repr(question.parameters))
        task = self._kept.get(key)
        if task is None:
            task = self._kept[key] = asyncio.create_task(asyncio.to_thread(self._ask, question))
            task.add_done_callback(lambda done: self._forget(key, done))
            if len(self._kept) > _MOST:
                del self._kept[next(iter(self._kept))]
        return await asyncio.shield(task)

    async def status(self) -> Row:
        """How much there is, and as of when.

        Raises:
            QuestionError: nothing is published yet.
        """
        return (await self.rows(status()))[0]

    async def now(self) -> datetime:
        """As of when the tables are, which is the present of all that is drawn from them.

        Raises:
            QuestionError: nothing is published yet.
        """
        at: datetime = (await self.status())["published_at"]
        return at.astimezone(UTC)

    def holds(self, table: str) -> bool:
        """Whether the present publication has this table.

        Raises:
            QuestionError: nothing is published yet.
        """
        return self._pool.holds(table)

    def _ask(self, question: Question) -> list[Row]:
        with self._pool.cursor() as connection:
            cursor = connection.execute(question.sql, dict(question.parameters))
            columns = [column[0] for column in cursor.description or []]
            return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    def _forget(self, key: tuple[str, str], done: asyncio.Task[list[Row]]) -> None:
        """A question that failed is asked again."""
        if (done.cancelled() or done.exception() is not None) and self._kept.get(key) is done:
            del self._kept[key]
