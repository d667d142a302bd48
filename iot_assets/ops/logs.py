"""The parts' log files: one of this start, one of before, neither without end.

Belongs here: opening, turning over and quoting them. Does not: what is written into them.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from iot_assets.errors import StorageError

#: A log that outgrows this while its process runs is copied aside and begun anew.
LOG_BYTES: Final = 32 * 1024 * 1024
_TAIL_BYTES: Final = 8192


class Log:
    """The log file of one part."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.log"
        self._before = folder / f"{name}.log.1"

    def begin(self) -> None:
        """Put the log of the last start aside.

        Raises:
            StorageError: the disk refuses.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.exists():
                self.path.replace(self._before)
        except OSError as error:
            raise StorageError("put aside the log", self.path, error) from error

    def open(self) -> int:
        """A descriptor that appends, so that the file may be cut while it is written.

        Raises:
            StorageError: the disk refuses.
        """
        try:
            return os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StorageError("write the log", self.path, error) from error

    def turn_over(self) -> None:
        """Begin anew if it has grown too long; lines written in this very instant may be lost."""
        try:
            if self.path.stat().st_size > LOG_BYTES:
                shutil.copyfile(self.path, self._before)
                os.truncate(self.path, 0)
        except OSError:
            return  # a log is no reason to disturb anyone; it is tried again

    def tail(self, lines: int = 10) -> list[str]:
        """The last lines that say anything."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
                text = file.read().decode(errors="replace")
        except OSError:
            return []
        return [line.rstrip() for line in text.splitlines() if line.strip()][-lines:]
