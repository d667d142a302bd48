"""The device registry is landed like any message, whole, each time its content is another.

Belongs here: noticing the change. Does not: what the file says (decoded later, like everything landed).
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from iot_assets.lake.landed import REGISTRY_SOURCE
from iot_assets.landing.taken import Taken
from iot_assets.landing.trouble import Trouble

if TYPE_CHECKING:
    import logging

_POLL_SECONDS: Final = 1.0


class RegistryWatch:
    """Looks at the file about once a second."""

    def __init__(self, file: Path | None, landed_sha256: str, log: logging.Logger) -> None:
        self._file, self._log = file, log
        self._landed = landed_sha256
        self._seen: tuple[int, int, int] | None = None
        """The file's identity when it was last read."""
        self._before: tuple[int, int, int] | None = None
        self._next = 0.0
        self._first = True
        self.trouble = Trouble(log)

    def poll(self) -> tuple[Taken, str] | None:
        """The file as one message, and its SHA-256, where it is another than the one last landed."""
        if self._file is None or (now := time.monotonic()) < self._next:
            return None
        self._next = now + _POLL_SECONDS
        try:
            status = self._file.stat()
            identity = (status.st_mtime_ns, status.st_size, status.st_ino)
            # An editor may be half-way through writing it: wait until two looks in a row see the same.
            settled, self._before, self._first = identity == self._before or self._first, identity, False
            if not settled or identity == self._seen:
                return None
            content = self._file.read_bytes()
        except OSError as error:
            self._seen = None
            self.trouble.begin(f"the registry {self._file} cannot be read: {error.strerror or error}")
            return None
        self.trouble.end(f"the registry {self._file} can be read again")
        self._seen = identity
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 == self._landed:
            return None
        taken = Taken(REGISTRY_SOURCE, 0)
        taken.add(self._file.name, content, received_us=time.time_ns() // 1000)
        return taken, sha256

    def landed(self, sha256: str) -> None:
        """This content is durable."""
        self._landed = sha256
        self._log.info("the registry %s has changed and is landed", self._file)
