"""Trouble that comes and goes by itself: said once when its cause changes, and once when it is over.

Belongs here: not repeating oneself. Does not: trying again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging


class Trouble:
    """One thing that can be in trouble: the broker, the spool, the sealing. Any thread may use it."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._cause: Hashable = None
        self._since = 0.0
        self._sentence: str | None = None

    @property
    def sentence(self) -> str | None:
        """What is wrong now, or None."""
        return self._sentence

    def begin(self, sentence: str, cause: Hashable = None) -> None:
        """Something failed; said aloud only where the cause (by default the sentence) is another than before."""
        with self._lock:
            if self._sentence is None:
                self._since = time.monotonic()
            news = self._sentence is None or self._cause != (cause or sentence)
            self._sentence, self._cause = sentence, cause or sentence
        if news:
            self._log.error("%s", sentence)

    def end(self, sentence: str) -> None:
        """It works again; said only after trouble."""
        with self._lock:
            before, self._sentence, self._cause = self._sentence, None, None
        if before is not None:
            self._log.info("%s, after %.0f s", sentence, time.monotonic() - self._since)

    def forget(self) -> None:
        """Nothing is wrong any more, and something else says why."""
        with self._lock:
            self._sentence, self._cause = None, None
