"""When messages were received: the wall clock, but no two messages of one connection share a microsecond.

A reading without a time of its own is of the instant at which it was received; were two of one device given the same
instant, one of them would be taken for a duplicate, or a correction, of the other.

Belongs here: that rule. Does not: which message is given which instant.
"""

from __future__ import annotations

import time
from typing import Final

_AHEAD_US: Final = 1_000_000
"""How far given instants may run ahead of the clock; where they are further, it was the clock that was set back."""


class Instants:
    """Microseconds since 1970, handed out in the order of arrival."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, count: int = 1) -> int:
        """The first of so many instants in a row; the last is now, as what has come together came no later."""
        now = time.time_ns() // 1000
        first = now - count + 1
        if first <= self._last < now + _AHEAD_US:
            first = self._last + 1
        self._last = first + count - 1
        return first
