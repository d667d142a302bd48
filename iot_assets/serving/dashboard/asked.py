"""Which publication the pages show: a new one once it has answered what the open pages ask, so that none waits for it.

Belongs here: looking for what is published, and changing over. Does not: asking (``edition``), the questions
(``reads``).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

import duckdb

from iot_assets.errors import IotAssetsError
from iot_assets.serving.dashboard.edition import Edition, Found
from iot_assets.serving.dashboard.filters import Filters

if TYPE_CHECKING:
    from iot_assets.serving.pool import PublishedPool

#: Pause between looks for a new publication, in seconds, while anybody looks at a page.
_PAUSE: Final = 0.5
#: So long after it was last seen, a page counts as closed; pages are refreshed at least every ten seconds.
_CLOSED: Final = 25.0
#: So many views at most are asked for beforehand.
_MOST: Final = 50


class View(NamedTuple):
    """What a page asks, and of what."""

    ask: Callable[[Edition, Filters], Awaitable[Found]]
    filters: Filters


class Asked:
    """The edition that all pages show. To be used on one event loop."""

    def __init__(self, pool: PublishedPool) -> None:
        self._pool = pool
        self._edition: Edition | None = None
        self._seen: dict[View, float] = {}
        self._renewing = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def edition(self, view: View) -> AsyncIterator[Edition]:
        """The present edition, for one who is shown this view and is shown it again before long.

        Raises:
            QuestionError: what is published cannot be read.
        """
        self._seen.pop(view, None)
        self._seen[view] = time.monotonic()
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())
        if self._edition is None:
            await self._renew()
        assert self._edition is not None
        edition = self._edition
        with edition.used():
            yield edition

    async def _watch(self) -> None:
        """Renew as long as any page is open; then let go of what nobody looks at."""
        while self._open():
            await asyncio.sleep(_PAUSE)
            try:
                await self._renew()
            except (IotAssetsError, duckdb.Error):
                self._drop()  # the page that asks next says it to people
        self._drop()

    async def _renew(self) -> None:
        async with self._renewing:
            if self._edition is not None and self._edition.is_newest:
                return
            prepared = await self._prepared()
            self._drop()
            self._edition = prepared

    def _drop(self) -> None:
        before, self._edition = self._edition, None
        if before is not None:
            before.replace()

    async def _prepared(self) -> Edition:
        """The newest publication, which has answered already whatever open pages are about to ask."""
        copy = await asyncio.to_thread(self._pool.hold_any)
        edition = Edition(self._pool, copy)
        try:
            await edition.read_status()
        except BaseException:
            edition.replace()
            raise
        with edition.used():
            for view in self._open():
                try:
                    await view.ask(edition, view.filters)
                except (IotAssetsError, duckdb.Error):
                    continue  # the page that asks next says it to people
        return edition

    def _open(self) -> list[View]:
        now = time.monotonic()
        newest = list(self._seen.items())[-_MOST:]
        self._seen = {view: at for view, at in newest if now - at < _CLOSED}
        return list(self._seen)
