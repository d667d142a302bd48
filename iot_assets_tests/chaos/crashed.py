"""What a crash leaves of a disk: one content of a folder for each call it may come after and each way of losing.

Belongs here: what is kept of what was done. Does not: doing it (``disk.py``), recovering from it (``landing.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from iot_assets_tests.chaos.disk import Done

Loss = Literal["process", "promised", "torn"]
#: ``process``: it alone dies, and all that was written is there. ``promised``: the power fails, and what no fsync has
#: promised is gone. ``torn``: the power fails, and chance decides how much of each file and folder is there as well.
LOSSES: Final[tuple[Loss, ...]] = ("process", "promised", "torn")


@dataclass(slots=True)
class _File:
    now: bytearray = field(default_factory=bytearray)
    promised: bytearray = field(default_factory=bytearray)
    since: list[Done] = field(default_factory=list)

    def sync(self, *, failed: bool) -> None:
        for one in () if failed else self.since:
            _change(self.promised, one)
        self.since = []

    def tear(self, chance: Random) -> None:
        whole = chance.randint(0, len(self.since))
        for one in self.since[:whole]:
            _change(self.promised, one)
        if whole < len(self.since) and (torn := self.since[whole]).call == "write":
            end = torn.offset + chance.randint(0, len(torn.data))
            self.promised.extend(bytes(max(0, end - len(self.promised))))
            # Sometimes the length is there and the bytes are not: blocks that were given and never written.
            if chance.random() < 0.7:
                self.promised[torn.offset : end] = torn.data[: end - torn.offset]


@dataclass(slots=True)
class _Folder:
    now: dict[str, int] = field(default_factory=dict)
    promised: dict[str, int] = field(default_factory=dict)
    since: list[Done] = field(default_factory=list)


def crashed(done: Sequence[Done], loss: Loss, chance: Random) -> _Left:
    """What is left after these calls."""
    disk = _Disk()
    for one in done:
        disk.do(one)
    if loss == "process":
        return _Left(
            {n: bytes(file.now) for n, file in disk.files.items()}, {n: f.now for n, f in disk.folders.items()}
        )
    if loss == "torn":
        disk.tear(chance)
    return _Left(
        {n: bytes(file.promised) for n, file in disk.files.items()}, {n: f.promised for n, f in disk.folders.items()}
    )


class _Disk:
    """What is on it now, what of that is promised, and what was done since."""

    def __init__(self) -> None:
        self.files: dict[int, _File] = {}
        self.folders = {0: _Folder()}

    def do(self, one: Done) -> None:
        match one.call:
            case "create":
                self.files[one.child] = _File()
                self._name(one.inode, one)
            case "make folder":
                self.folders[one.child] = _Folder()
                self._name(one.inode, one)
            case "remove":
                self._name(one.inode, one)
            case "rename":
                for folder in {one.inode, one.other}:
                    self._name(folder, one)
            case "write" | "cut":
                file = self.files[one.inode]
                _change(file.now, one)
                file.since.append(one)
            case "sync":
                self.files[one.inode].sync(failed=one.failed)
            case "sync folder":
                while not one.failed and (since := self.folders[one.inode].since):
                    self._promise(one.inode, since.pop(0))

    def tear(self, chance: Random) -> None:
        for inode, folder in self.folders.items():
            for _ in range(chance.randint(0, len(folder.since))):
                if folder.since:
                    self._promise(inode, folder.since.pop(0))
        for file in self.files.values():
            file.tear(chance)

    def _name(self, inode: int, one: Done) -> None:
        _rename(self.folders[inode].now, inode, one)
        self.folders[inode].since.append(one)

    def _promise(self, inode: int, one: Done) -> None:
        # A file system takes a name from one folder only together with giving it to the other.
        if one.call == "rename" and inode != one.inode:
            target = self.folders[one.inode]
            while one in target.since:
                self._promise(one.inode, target.since.pop(0))
        _rename(self.folders[inode].promised, inode, one)


@dataclass(frozen=True, slots=True)
class _Left:
    files: dict[int, bytes]
    folders: dict[int, dict[str, int]]

    def write(self, target: Path, folder: int = 0) -> None:
        """Make it real."""
        target.mkdir(parents=True, exist_ok=True)
        for name, inode in self.folders[folder].items():
            if inode in self.folders:
                self.write(target / name, inode)
            else:
                (target / name).write_bytes(self.files[inode])


def _rename(names: dict[str, int], inode: int, one: Done) -> None:
    """What a call does to the names in one of the folders it concerns."""
    if one.call == "remove":
        names.pop(one.name, None)
        return
    if one.call == "rename" and inode == one.other:
        names.pop(one.other_name, None)
    if inode == one.inode:
        names[one.name] = one.child


def _change(content: bytearray, one: Done) -> None:
    if one.call == "cut":
        del content[one.offset :]
        content.extend(bytes(one.offset - len(content)))
        return
    end = one.offset + len(one.data)
    content.extend(bytes(max(0, end - len(content))))
    content[one.offset : end] = one.data
