"""What has landed and is in no publication yet, as one open page follows it.

Belongs here: asking the live tail beside the event loop, without ever making a page wait for it. Does not: the tail
(``live``), the questions (``reads``).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import duckdb

from iot_assets.errors import IotAssetsError
from iot_assets.serving.dashboard.edition import answer

if TYPE_CHECKING:
    from pathlib import Path

    from iot_assets.serving.dashboard.edition import Edition, Row
    from iot_assets.serving.live.live import Live
    from iot_assets.serving.reads.question import Question

#: A page waits so many seconds for the tail; what comes later is seen with the next refresh.
_PATIENCE: Final = 0.1


class Unpublished:
    """The answers to one question after the other; without a tail, or a lander's spool, there are none."""

    def __init__(self, live: Live | None, spools: Path) -> None:
        self._live, self._spools = live, spools
        self._asking: asyncio.Task[tuple[str, list[Row]]] | None = None
        self._rows: list[Row] = []

    async def rows(self, question: Question, edition: Edition) -> list[Row]:
        """What the tail adds to this edition; while it is being asked, what was known last."""
        if self._live is None or not self._spools.exists():
            return []
        if self._asking is None:
            self._asking = asyncio.create_task(asyncio.to_thread(self._ask, self._live, question))
        await asyncio.wait([self._asking], timeout=_PATIENCE)
        if self._asking.done():
            asked, self._asking = self._asking, None
            try:
                version, rows = asked.result()
            except (IotAssetsError, duckdb.Error):
                return self._rows
            # Beside a publication that this page is not shown yet, the tail lacks what is in neither: kept meanwhile.
            kept = [] if version == edition.version else self._rows
            self._rows = list({_which(row): row for row in (*kept, *rows)}.values())
        return self._rows

    @staticmethod
    def _ask(live: Live, question: Question) -> tuple[str, list[Row]]:
        with live.cursor() as connection:
            return live.version().partition("+")[0], answer(connection, question)


def _which(row: Row) -> tuple[object, ...]:
    """What tells a reading from others; an answer of one row is always the same one."""
    return row.get("message_id"), row.get("metric"), row.get("position")
