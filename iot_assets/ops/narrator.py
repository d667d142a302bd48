"""What the supervisor tells people: a line for each thing that has happened, and on a terminal what is awaited now.

Belongs here: putting words on the screen. Does not: choosing them.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from typing import Final, TextIO

#: Where there is no terminal to overwrite, what is awaited is said again after so long.
_REPEAT_SECONDS: Final = 20.0


class Narrator:
    """Writes to a terminal or to a file; one that has gone away is no reason to stop the platform."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._terminal = out.isatty()
        self._shown = ""
        self._said_at = time.monotonic()

    def say(self, line: str) -> None:
        """A line that stays."""
        self._write(f"{self._wipe()}{line}\n")
        self._said_at = time.monotonic()

    def awaiting(self, what: str) -> None:
        """What is awaited now, or an empty text; on a terminal it is overwritten by whatever comes next."""
        if not self._terminal:
            if what and time.monotonic() - self._said_at > _REPEAT_SECONDS:
                self.say(what)
            return
        width = shutil.get_terminal_size().columns - 1
        text = what if len(what) <= width else f"{what[: width - 1]}…"
        if text != self._shown:
            self._write(self._wipe() + text)
            self._shown = text

    def _wipe(self) -> str:
        shown, self._shown = self._shown, ""
        return f"\r{' ' * len(shown)}\r" if shown else ""

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._out.write(text)
            self._out.flush()
