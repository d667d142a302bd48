"""A bell with which another thread ends the lander's waiting, beside whatever else it waits for.

Belongs here: the pipe. Does not: why it is rung (``intake/handover.py``).
"""

from __future__ import annotations

import contextlib
import os
import select
from typing import Final

_MUCH: Final = 4096


class Wake:
    """Any thread may ``ring``; one thread waits, also by polling ``fileno`` for reading."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        for end in (self._reader, self._writer):
            os.set_blocking(end, False)
        self._poll = select.poll()
        self._poll.register(self._reader, select.POLLIN)

    def ring(self) -> None:
        """End the waiting, or the next one."""
        with contextlib.suppress(BlockingIOError):  # full of rings already
            os.write(self._writer, b"!")

    def wait(self, seconds: float) -> None:
        """Wait until it rings, or so long."""
        self._poll.poll(seconds * 1000)

    def heard(self) -> None:
        """Forget the rings so far."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._reader, _MUCH)

    def fileno(self) -> int:
        """Readable while a ring has not been heard."""
        return self._reader

    def close(self) -> None:
        """Free it; nobody may ring any more."""
        os.close(self._reader)
        os.close(self._writer)
