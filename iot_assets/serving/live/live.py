"""The tail kept up to date in a thread of its own, for as long as anybody wants to see it.

Belongs here: when to look, waking and falling asleep, who listens. Does not: what is seen (``tail``), how it goes over
the network (``api/events``).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import duckdb

from iot_assets.serving.live.tail import Tail
from iot_assets.serving.published import QuestionError

if TYPE_CHECKING:
    from iot_assets.serving.live.listener import Listener
    from iot_assets.serving.pool import PublishedPool
    from iot_assets.settings import Settings

_log = logging.getLogger(__name__)
#: So long after the last question nobody looks any more, and the tail's memory is given back.
_INTEREST_SECONDS: Final = 60.0
#: The first question after a sleep waits for the first look.
_PATIENCE_SECONDS: Final = 30.0
#: However long a look takes, so much is left to others before the next one.
_LEAST_PAUSE_SECONDS: Final = 0.05


class TooManyError(Exception):
    """More want to listen than may."""


class Live:
    """What is published and what is not yet, as one; a source of cursors as the pool is."""

    def __init__(self, settings: Settings, pool: PublishedPool) -> None:
        self._pause = settings.server.live.poll_seconds
        self._tail = Tail(settings, pool)
        self._changed = threading.Condition()
        self._most_listeners = settings.server.live.most_listeners
        self._listeners: set[Listener] = set()
        self._wanted_at = 0.0
        self._looked = False
        self._trouble: Exception | None = None
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor on the published tables, with ``memory.live.readings`` and ``memory.live.latest`` beside them.

        Raises:
            QuestionError: nothing is published yet, or what has landed cannot be read.
        """
        self.awake()
        with self._tail.cursor() as cursor:
            yield cursor

    def awake(self) -> None:
        """Wait until what is not published yet has been looked at.

        Raises:
            QuestionError: nothing is published yet, or what has landed cannot be read.
        """
        with self._changed:
            self._want()
            self._changed.wait_for(lambda: self._looked or self._trouble is not None, _PATIENCE_SECONDS)
            if self._looked:
                return
            trouble = self._trouble
        if isinstance(trouble, QuestionError):
            raise trouble
        raise QuestionError(f"live readings cannot be had at the moment: {trouble or 'the first look takes long'}")

    def version(self) -> str:
        """Differs whenever something else is seen.

        Raises:
            QuestionError: as for ``cursor``.
        """
        self.awake()
        return self._tail.version

    def state(self) -> dict[str, int | bool]:
        """For the status: whether it looks at present, and how much it shows and leaves out."""
        with self._changed:
            listeners = len(self._listeners)
        return {
            "looking": self._looked,
            "listeners": listeners,
            "messages": self._tail.messages,
            "left_out_files": self._tail.left_out,
        }

    @contextmanager
    def heard_by(self, listener: Listener) -> Iterator[None]:
        """Hand every reading that comes to light from now on to this one; to be called when awake.

        Raises:
            TooManyError: more listen than the settings allow.
        """
        with self._changed:
            if len(self._listeners) >= self._most_listeners:
                raise TooManyError
            self._listeners.add(listener)
            self._want()
        try:
            yield
        finally:
            with self._changed:
                self._listeners.discard(listener)

    def close(self) -> None:
        """Look no more."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()

    def _want(self) -> None:
        """With the lock: somebody wants to see it, so somebody looks."""
        self._wanted_at = time.monotonic()
        if self._thread is None and not self._closing.is_set():
            self._thread = threading.Thread(target=self._run, name="live-tail", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while self._look_again():
            began = time.monotonic()
            try:
                found = self._tail.look()
                # What the first look finds has been there before.
                news = self._tail.news() if found and self._looked and self._listeners else []
            except Exception as error:  # noqa: BLE001 - whatever it is, the next look begins from nothing
                self._stumble(error)
            else:
                with self._changed:
                    self._looked, self._trouble = True, None
                    self._changed.notify_all()
                    listeners = list(self._listeners) if news else []
                for listener in listeners:
                    listener.hear(news)
            # From look to look, not between them: what comes during one waits for the next one only.
            self._closing.wait(max(self._pause - (time.monotonic() - began), _LEAST_PAUSE_SECONDS))

    def _look_again(self) -> bool:
        with self._changed:
            wanted = self._listeners or time.monotonic() - self._wanted_at < _INTEREST_SECONDS
            if wanted and not self._closing.is_set():
                return True
            # With the lock: whoever asks from now on starts another thread.
            self._looked, self._trouble, self._thread = False, None, None
            self._tail.close()
            return False

    def _stumble(self, error: Exception) -> None:
        with self._changed:
            if not isinstance(error, QuestionError) and repr(error) != repr(self._trouble):
                _log.warning("live readings: %s", error, exc_info=error)
            self._looked, self._trouble = False, error
            self._tail.close()
            self._changed.notify_all()
