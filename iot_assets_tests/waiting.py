"""Waiting for what comes about in its own time: with a deadline, and never by sleeping for so long as it usually takes.

Belongs here: the one loop. Does not: what is waited for.
"""

from __future__ import annotations

import time
from collections.abc import Callable


def eventually(condition: Callable[[], object], *, seconds: float = 20) -> None:
    """Wait until it holds, or fail."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)
