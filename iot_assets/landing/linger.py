"""Waiting a little for more, where messages come thick: what is read at once is made durable by one fsync.

At 20,000 messages a second each turn of the lander would find some dozens, and spend more on the turn than on them.

Belongs here: when to wait, and how long. Does not: reading (``connection.py``).
"""

from __future__ import annotations

import fcntl
import struct
import termios
import time
from typing import Final

#: Messages come thick where so many were read at once.
_THICK: Final = 4
#: So long more of them are waited for, unless so many bytes are there already.
_SECONDS: Final = 0.02
_ENOUGH_BYTES: Final = 1 << 16
#: Where none came meanwhile, none are waited for the next so many times.
_TURNS: Final = 64


class Linger:
    """Of one connection. Where messages are few, none waits for others."""

    def __init__(self) -> None:
        self._thick = False
        self._in_vain = 0
        """How many times more not to wait: a broker with as many unacknowledged as it allows sends no others."""

    def wait(self, descriptor: int) -> None:
        """Before reading from this socket: wait, where that will bring more."""
        if not self._thick:
            return
        if self._in_vain:
            self._in_vain -= 1
        elif (before := _unread(descriptor)) < _ENOUGH_BYTES:
            time.sleep(_SECONDS)
            self._in_vain = _TURNS if _unread(descriptor) == before else 0

    def read(self, messages: int) -> None:
        """After reading: so many were there."""
        self._thick = messages >= _THICK


def _unread(descriptor: int) -> int:
    """Bytes that the system holds for us."""
    return int(struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)))[0])
