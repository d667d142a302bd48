"""Taking a backup while everything runs.

The order is what makes it whole. First the spool: what is acknowledged by then is in the copy, or already landed. Then,
with the warehouse held so that no run writes, the warehouse file is copied and every file of the lake is hard-linked
aside: those files never change, so that they can be copied afterwards at leisure, whatever runs do to their names
meanwhile. SQLite copies its own files. At last, what of the spool has landed meanwhile is left out, since a lander
would make a shorter file of it.

Belongs here: copying. Does not: the list of what was copied (``manifest.py``).
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from iot_assets.errors import StorageError
from iot_assets.lake.paths import name_of
from iot_assets.ops.backup.manifest import BackupError, Kept, Manifest, backups, read_manifest, sha256
from iot_assets.ops.claims import claim
from iot_assets.warehouse.copying import copy_warehouse, held_still
from iot_assets.warehouse.durable import sync

if TYPE_CHECKING:
    from iot_assets.lake.paths import DataPaths

#: What a lander makes anew each second, or holds.
_OF_PROCESSES: Final = frozenset({"lock", "status.json"})
_SQLITE: Final = (".db", ".sqlite")
_STAMP: Final = "iot-%Y%m%dT%H%M%SZ"


@dataclass(slots=True)
class _Copying:
    """A backup being made: its folder, the backup before, and what is copied so far."""

    folder: Path
    before: Path | None
    known: Mapping[str, Kept]
    files: dict[str, Kept] = field(default_factory=dict)
    copied_bytes: int = 0

    def add(self, source: Path, name: str, *, unchanging: bool = False) -> None:
        """Copy a file; one that never changes, and that the backup before has, is linked to that. Gone: left out."""
        try:
            found = source.stat()
        except FileNotFoundError:
            return
        kept = self.known.get(name) if unchanging and self.before is not None else None
        target = self._place(name)
        if kept is not None and (kept.bytes, kept.modified_ns) == (found.st_size, found.st_mtime_ns):
            assert self.before is not None
            with contextlib.suppress(OSError):  # a file system without links: copied like any other
                os.link(self.before / name, target)
                self.files[name] = kept
                return
        try:
            shutil.copyfile(source, target)
        except FileNotFoundError:
            return
        self.note(name, found.st_mtime_ns)

    def add_sqlite(self, source: Path, name: str) -> None:
        """Copy an SQLite database as it is at one moment; gone, or none: left out."""
        try:
            with (
                contextlib.closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as origin,
                contextlib.closing(sqlite3.connect(self._place(name))) as copy,
            ):
                origin.backup(copy)
        except sqlite3.OperationalError:
            if source.exists():
                raise
            (self.folder / name).unlink(missing_ok=True)
            return
        self.note(name, 0)

    def note(self, name: str, modified_ns: int) -> None:
        """A file of the backup is complete."""
        target = self.folder / name
        sync(target)
        self.files[name] = Kept(target.stat().st_size, sha256(target), modified_ns)
        self.copied_bytes += target.stat().st_size

    def leave_out(self, name: str) -> None:
        """Take a file out again."""
        del self.files[name]
        (self.folder / name).unlink()

    def _place(self, name: str) -> Path:
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        return target


def make_backup(paths: DataPaths, target: Path, *, others: Mapping[str, Path], keep: int | None = None) -> Path:
    """Make a backup in a folder of its own below ``target``.

    Args:
        paths: the data folder, where anything may run.
        target: where backups are; files of the lake that the last one has are shared with it.
        others: files that lie elsewhere, such as settings, by the names that they get.
        keep: only so many of the newest backups stay.

    Returns:
        The folder of the backup.

    Raises:
        BackupError: there are no data, or the target lies within them.
        InUseError: another backup is being made, or the warehouse was held for half an hour.
        StorageError: it cannot be written.
    """
    root, target = paths.root.resolve(), target.resolve()
    if not root.is_dir():
        raise BackupError(f"there are no data: {root} does not exist")
    if target.is_relative_to(root):
        raise BackupError(
            f"{target} lies within the data folder {root}; a backup belongs elsewhere, best on another disk"
        )
    with claim(
        root / "backup.lock", what=f"the backup of {root}", holder="another `iot-assets backup`", advice="let it end"
    ):
        try:
            made = _make(paths, target, others)
        except OSError as error:
            raise StorageError("write the backup to", target, error) from error
        if keep is not None:
            for old in backups(target)[:-keep]:
                shutil.rmtree(old)
    return made


def _make(paths: DataPaths, target: Path, others: Mapping[str, Path]) -> Path:
    target.mkdir(parents=True, exist_ok=True)
    for leftover in target.glob("iot-*.partial"):
        shutil.rmtree(leftover)
    before = next(reversed(backups(target)), None)
    begun_at = _soon(target)
    folder = target / f"{begun_at:{_STAMP}}.partial"
    folder.mkdir()
    copying = _Copying(folder, before, read_manifest(before).files if before is not None else {})
    for file in _below(paths.spools):
        if file.name not in _OF_PROCESSES:
            copying.add(file, _named(paths, file))
    with _aside(paths) as aside:
        held, warehouse = _hold(paths, aside, folder)
        for name in warehouse:
            copying.note(name, 0)
        for file in _below(aside):
            copying.add(file, file.relative_to(aside).as_posix(), unchanging=True)
    _leave_out_landed(copying, paths)
    _others(copying, paths, others)
    done = Manifest(
        version=version("iot-assets"),
        data_dir=str(paths.root.absolute()),
        begun_at=begun_at.isoformat(),
        ended_at=datetime.now(UTC).isoformat(),
        runs_waited_seconds=round(held, 3),
        copied_bytes=copying.copied_bytes,
        files=dict(sorted(copying.files.items())),
    )
    done.write(folder)
    for inner, _, _ in os.walk(folder):
        sync(Path(inner))
    finished = folder.with_suffix("")
    folder.replace(finished)
    sync(target)
    return finished


def _soon(target: Path) -> datetime:
    """Now, or as soon as no backup has this second's name."""
    while (target / f"{(now := datetime.now(UTC)):{_STAMP}}").exists():
        time.sleep(0.1)
    return now


@contextlib.contextmanager
def _aside(paths: DataPaths) -> Iterator[Path]:
    """A folder on the disk of the data, for names of files that may lose their own meanwhile."""
    folder = paths.root / ".backup"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _hold(paths: DataPaths, aside: Path, folder: Path) -> tuple[float, list[str]]:
    """With no run writing: copy the warehouse, link the lake and the published copy; seconds, and what was copied."""
    with held_still(paths.warehouse):
        began = time.monotonic()
        copied = copy_warehouse(paths.warehouse, folder)
        for file in (*_below(paths.lake), paths.serving):
            if file.suffix != ".tmp":
                _link(file, aside / _named(paths, file))
        return time.monotonic() - began, copied


def _link(file: Path, name: Path) -> None:
    name.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file, name)
    except FileNotFoundError:
        return  # nothing is published yet
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP):
            raise
        shutil.copy2(file, name)  # a lake on a disk of its own, or a file system without links


def _leave_out_landed(copying: _Copying, paths: DataPaths) -> None:
    """A segment of which the landed file is in the backup is done with, and its copy may be shorter."""
    landed = {name_of(name) for name in copying.files if name.startswith("lake/landed/")}
    spools = f"{paths.spools.name}/"
    for name in [name for name in copying.files if name.startswith(spools) and name.endswith(".spool")]:
        _, lander, file = name.split("/", 2)
        if name_of(f"{lander}-{Path(file).stem}.parquet") in landed:
            copying.leave_out(name)


def _others(copying: _Copying, paths: DataPaths, others: Mapping[str, Path]) -> None:
    """What is small, or nobody's but its own process's: alerts, Dagster's storage, keys, settings."""
    for file in (paths.alerts, *_below(paths.dagster)):
        if file.name.endswith(_SQLITE):
            copying.add_sqlite(file, _named(paths, file))
        elif not file.name.endswith(("-wal", "-shm", "-journal")):
            copying.add(file, _named(paths, file))
    for name, file in others.items():
        copying.add(file, name)


def _named(paths: DataPaths, file: Path) -> str:
    return file.relative_to(paths.root).as_posix()


def _below(folder: Path) -> list[Path]:
    """All files below a folder, at whatever depth."""
    return [Path(inner) / name for inner, _, names in os.walk(folder) for name in sorted(names)]
