"""The lander's lock: one lander at a time may write one spool.

The kernel lets go of it when its holder ends, however it ends, so a file left behind means nothing.

Belongs here: taking it, telling who has it, asking without taking it. Does not: what is done under it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path
from typing import Final

from iot_assets.errors import InUseError
from iot_assets.landing.durable import make_folder, storing

_FILE: Final = "lock"
#: Whoever asks ``is_held`` has a share of the lock for an instant; a lander that starts just then asks again.
_PATIENCE_SECONDS: Final = 1.0


class LanderLock:
    """Held from ``acquire`` to ``release``."""

    def __init__(self, spool: Path, lander: str) -> None:
        self._path, self._lander = spool / _FILE, lander
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            InUseError: another lander has it.
            StorageError: the spool folder cannot be made or written.
        """
        with storing("use", self._path):
            make_folder(self._path.parent, below=self._path.parents[2])
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._lock(descriptor)
            with storing("write", self._path):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def _lock(self, descriptor: int) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not _flock(descriptor, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise InUseError(
                    f"lander {self._lander!r} ({self._path.parent})",
                    f"process {os.pread(descriptor, 20, 0).decode(errors='replace').strip() or 'unknown'}",
                    "stop that one, or give this one another name with lander.name and mqtt.client_id",
                )
            time.sleep(0.02)

    def release(self) -> None:
        """Let go of the lock. The file stays: deleting it would let two landers lock two files of one name."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, 0)
            os.close(descriptor)


def is_held(spool: Path) -> bool:
    """Whether a lander holds the lock of this spool at this moment."""
    try:
        descriptor = os.open(spool / _FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _flock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _flock(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
