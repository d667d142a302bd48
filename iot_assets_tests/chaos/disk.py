"""A disk that remembers each call made to it, refuses calls when told to, and can be shown as any crash leaves it.

It lies around the real file system: while a ``Disk`` is entered, what this process asks ``os`` and ``io`` to do below
one folder is written down, and may be answered with an error instead. ``crashed.py`` makes of that what a crash leaves.

Belongs here: calls and refusals. Does not: who makes them (``landing.py``), who judges.
"""

from __future__ import annotations

import contextlib
import io
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path
    from types import TracebackType

Call = Literal["create", "write", "cut", "sync", "sync folder", "rename", "remove", "make folder"]


@dataclass(frozen=True, slots=True)
class Done:
    """One call as it was made. Files and folders are numbers, as a rename changes no file; the root is 0."""

    call: Call
    inode: int
    """The file; or the folder that is synced, or in which a name appears or vanishes."""
    name: str = ""
    child: int = 0
    """What the name is for."""
    other: int = 0
    """The folder that a rename takes it out of, and the name it had there."""
    other_name: str = ""
    offset: int = 0
    data: bytes = b""
    failed: bool = False
    """An fsync that failed: what it should have written may pass for clean from then on, and never be."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """From the ``first`` call on, ``calls`` calls end with an error; of a write the first half is taken."""

    first: int
    calls: int
    error: int

    def covers(self, number: int) -> bool:
        return self.first <= number < self.first + self.calls


class KilledError(BaseException):
    """The process ends here: whoever catches it starts another."""


class Disk:
    """The folder ``root``, empty when entered for the first time."""

    def __init__(self, root: Path, refusal: Refusal | None = None, deaths: Collection[int] = ()) -> None:
        self.root = root
        self.done: list[Done] = []
        self.calls = 0
        """Calls so far, those refused included."""
        self.refusal = refusal
        self._deaths = set(deaths)
        """Calls before which the process dies."""
        self._inodes: dict[str, int] = {str(root): 0}
        self._next = 1
        self._dead = False
        self.lives = 1
        self._open: dict[int, int] = {}
        self._undo = contextlib.ExitStack()

    def __enter__(self) -> Self:
        wrapped: list[tuple[object, str, Callable[..., Any]]] = [
            (os, "open", self._os_open),
            (os, "close", self._os_close),
            (os, "pwrite", self._os_pwrite),
            (os, "ftruncate", self._os_ftruncate),
            (os, "fsync", self._os_fsync),
            (os, "fdatasync", self._os_fsync),
            (os, "replace", self._os_replace),
            (os, "unlink", self._os_unlink),
            (os, "mkdir", self._os_mkdir),
            (io, "open", self._io_open),
        ]
        for module, name, mine in wrapped:
            self._wrap(module, name, mine)
        # The segment's name for it is bound when it is imported.
        self._undo.enter_context(mock.patch("iot_assets.landing.segment.sync_data", os.fdatasync))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.close()

    def _wrap(self, module: object, name: str, mine: Callable[..., Any]) -> None:
        real = getattr(module, name)
        self._undo.enter_context(mock.patch.object(module, name, lambda *a, **k: mine(real, *a, **k)))

    def die(self) -> None:
        """What the end of a process does: its files are closed, and nothing else."""
        for descriptor in list(self._open):
            os.close(descriptor)
        self._dead = False
        self.lives += 1

    # What is ours, and what is refused

    def _place(self, path: Any) -> str | None:
        text = os.fspath(path) if isinstance(path, str | os.PathLike) else None
        return text if isinstance(text, str) and (text == str(self.root) or text.startswith(f"{self.root}/")) else None

    def _ask(self, path: str) -> None:
        number, self.calls = self.calls, self.calls + 1
        if self._dead or number in self._deaths:
            self._dead = True  # what it would do on its way out, a killed process does not do
            raise KilledError
        if self.refusal is not None and self.refusal.covers(number):
            raise OSError(self.refusal.error, os.strerror(self.refusal.error), path)

    def _folder(self, path: str) -> tuple[int, str]:
        above, _, name = path.rpartition("/")
        return self._inodes[above], name

    def _born(self, call: Call, path: str) -> int:
        inode, self._next = self._next, self._next + 1
        folder, name = self._folder(path)
        self._inodes[path] = inode
        self.done.append(Done(call, folder, name, inode))
        return inode

    # Calls

    def _os_open(self, real: Any, path: Any, flags: int, *more: Any, **named: Any) -> int:
        place = self._place(path)
        if place is None:
            return int(real(path, flags, *more, **named))
        self._ask(place)
        descriptor = int(real(path, flags, *more, **named))
        if place in self._inodes:
            inode = self._inodes[place]
            if flags & os.O_TRUNC:
                self.done.append(Done("cut", inode))
        else:
            inode = self._born("create", place)
        self._open[descriptor] = inode
        return descriptor

    def _os_close(self, real: Any, descriptor: int) -> None:
        self._open.pop(descriptor, None)
        real(descriptor)

    def _os_pwrite(self, real: Any, descriptor: int, data: Any, offset: int) -> int:
        if (inode := self._open.get(descriptor)) is None:
            return int(real(descriptor, data, offset))
        content = bytes(data)
        try:
            self._ask("")
        except OSError:
            half = content[: len(content) // 2]
            real(descriptor, half, offset)
            self.done.append(Done("write", inode, offset=offset, data=half))
            raise
        real(descriptor, content, offset)
        self.done.append(Done("write", inode, offset=offset, data=content))
        return len(content)

    def _os_ftruncate(self, real: Any, descriptor: int, length: int) -> None:
        inode = self._open.get(descriptor)
        if inode is not None:
            self._ask("")
        real(descriptor, length)
        if inode is not None:
            self.done.append(Done("cut", inode, offset=length))

    def _os_fsync(self, real: Any, descriptor: int) -> None:
        if (inode := self._open.get(descriptor)) is None:
            real(descriptor)
            return
        call: Call = "sync folder" if inode in self._folders() else "sync"
        try:
            self._ask("")
        except OSError:
            self.done.append(Done(call, inode, failed=True))
            raise
        self.done.append(Done(call, inode))  # nothing here has to outlive the machine that tests it

    def _os_replace(self, real: Any, source: Any, target: Any) -> None:
        here, there = self._place(source), self._place(target)
        if here is None or there is None:
            real(source, target)
            return
        self._ask(here)
        real(source, target)
        (other, other_name), (folder, name) = self._folder(here), self._folder(there)
        inode = self._inodes[there] = self._inodes.pop(here)
        self.done.append(Done("rename", folder, name, inode, other, other_name))

    def _os_unlink(self, real: Any, path: Any, **named: Any) -> None:
        place = self._place(path)
        if place is not None:
            self._ask(place)
        real(path, **named)
        if place is not None:
            folder, name = self._folder(place)
            self.done.append(Done("remove", folder, name, self._inodes.pop(place)))

    def _os_mkdir(self, real: Any, path: Any, *more: Any, **named: Any) -> None:
        place = self._place(path)
        if place is not None:
            self._ask(place)
        real(path, *more, **named)
        if place is not None:
            self._born("make folder", place)

    def _io_open(self, real: Any, path: Any, mode: str = "r", *more: Any, **named: Any) -> Any:
        place = self._place(path)
        if place is None:
            return real(path, mode, *more, **named)
        if mode == "wb":
            return io.BufferedWriter(_Writing(self, place))
        assert "r" in mode, f"{place} is opened in a way this disk does not know: {mode}"
        self._ask(place)
        return real(path, mode, *more, **named)

    def _folders(self) -> set[int]:
        return {0, *(done.child for done in self.done if done.call == "make folder")}


class _Writing(io.RawIOBase):
    """A file opened for writing whose writes go through ``os``, where they are seen."""

    def __init__(self, disk: Disk, path: str) -> None:
        self._descriptor, self._at = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o644), 0
        self._disk, self._life = disk, disk.lives

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def write(self, data: Any, /) -> int:
        if self._life != self._disk.lives:
            return len(data)  # the interpreter clearing up after a process that is dead
        written = os.pwrite(self._descriptor, data, self._at)
        self._at += written
        return written

    def tell(self) -> int:
        return self._at

    def close(self) -> None:
        if not self.closed:
            super().close()
            if self._life == self._disk.lives:
                os.close(self._descriptor)
