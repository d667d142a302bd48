"""Which process holds a file, by the locks that DuckDB sets on what it has open.

Belongs here: asking the kernel. Does not: what it means.
"""

from __future__ import annotations

import fcntl
import os
import struct
import sys
from pathlib import Path
from typing import Final

#: struct flock: type, whence, start, length, pid; as Linux has it on 64 bits.
_FLOCK: Final = "hhqqi"


def holder(path: Path) -> int | None:
    """Number of the process that has the DuckDB file open, 0 where it has none to be told of; None: nobody.

    Not for a file that this very process has open: closing it here would give up the lock.

    Raises:
        OSError: the file cannot be opened.
        NotImplementedError: this system's locks are not known here.
    """
    if sys.platform != "linux":
        raise NotImplementedError
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, pid = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    finally:
        os.close(descriptor)
    return None if kind == fcntl.F_UNLCK else max(pid, 0)
