"""Putting a backup back into an empty data folder, each file proven to be what was copied.

Belongs here: copying back. Does not: starting anything.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from iot_assets.errors import StorageError
from iot_assets.ops.backup.manifest import BackupError, Manifest, backups, read_manifest, sha256
from iot_assets.warehouse.durable import sync

if TYPE_CHECKING:
    from iot_assets.lake.paths import DataPaths

#: Below this are files that belong elsewhere; whoever restores puts them there.
ELSEWHERE: Final = "settings/"
#: What an unused data folder may hold.
_NOTHING: Final = frozenset({".gitkeep", "lost+found"})


def chosen(backup: Path) -> Path:
    """The backup that is meant: this folder, or the newest whole one in it.

    Raises:
        BackupError: there is none.
    """
    if found := backups(backup):
        return found[-1]
    read_manifest(backup)
    return backup


def restore(backup: Path, paths: DataPaths) -> Manifest:
    """Restore a backup.

    Args:
        backup: the folder of one backup.
        paths: the data folder, which must be empty or missing.

    Raises:
        BackupError: the backup is not whole, or the data folder is not empty; nothing is changed then.
        StorageError: it cannot be written.
    """
    manifest = read_manifest(backup)
    root = paths.root.absolute()
    arriving = root / ".restoring"
    if root.exists() and (
        there := [path.name for path in root.iterdir() if path.name not in _NOTHING | {arriving.name}]
    ):
        raise BackupError(
            f"{root} is not empty ({', '.join(sorted(there)[:4])}): stop what runs there and move it away,"
            " or name another folder with --to"
        )
    moved = str(root) != manifest.data_dir
    try:
        shutil.rmtree(arriving, ignore_errors=True)
        for name in manifest.files:
            # Its views name the lake by its whole path; the first run publishes it anew.
            if name.startswith(ELSEWHERE) or (moved and name == paths.serving.name):
                continue
            _copy(backup, name, arriving, manifest)
        for path in sorted(arriving.iterdir()) if arriving.exists() else ():
            path.replace(root / path.name)
        shutil.rmtree(arriving, ignore_errors=True)
        sync(root)
    except OSError as error:
        raise StorageError("restore to", root, error) from error
    return manifest


def _copy(backup: Path, name: str, arriving: Path, manifest: Manifest) -> None:
    source, target, kept = backup / name, arriving / name, manifest.files[name]
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError:
        shutil.rmtree(arriving, ignore_errors=True)
        raise BackupError(f"the backup {backup} lacks {name}") from None
    if (target.stat().st_size, sha256(target)) != (kept.bytes, kept.sha256):
        shutil.rmtree(arriving, ignore_errors=True)
        raise BackupError(f"{source} is damaged: it is not what was copied")
    sync(target)
