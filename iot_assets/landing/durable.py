"""Writing so that it is still there after the power fails: fsync of files and of the folders that name them.

Belongs here: the few system calls that make bytes, names and folders durable. Does not: what is written.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from iot_assets.errors import StorageError

#: Data only where the system offers it: a segment's length changes count as data, its access times do not.
sync_data = getattr(os, "fdatasync", os.fsync)


@contextlib.contextmanager
def storing(doing: str, path: Path) -> Iterator[None]:
    """Turn an error of the system into one that says what was done, and to which file."""
    try:
        yield
    except OSError as error:
        # Arrow raises bare OSErrors; their text often carries the number all the same.
        raise StorageError(doing, path, error) from error


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable: without it a new file may be gone although its bytes are safe."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path, *, below: Path) -> None:
    """Make a folder and those above it, each one's name made durable in its parent.

    Below ``below`` also where they are there already: whoever made them may have failed, or died, before their names
    were durable, and a power cut would take all that has been written into them since.
    """
    if folder.is_dir() and below not in folder.parents:
        return
    make_folder(folder.parent, below=below)
    with contextlib.suppress(FileExistsError):
        folder.mkdir()
    sync_folder(folder.parent)


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file at once: whoever reads it, even after a crash, sees the old content or the new."""
    temporary = path.with_name(f"{path.name}.tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def write_all(descriptor: int, pieces: list[bytes | memoryview], offset: int) -> int:
    """Write pieces one behind the other from an offset on, however often the system takes only a part; the new end."""
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            if (written := os.pwrite(descriptor, rest, offset)) == 0:
                raise OSError(errno.EIO, "the system took no byte")
            offset += written
            rest = rest[written:]
    return offset
