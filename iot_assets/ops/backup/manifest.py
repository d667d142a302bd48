"""The list of a backup's files: a backup is whole when this file is there, and every file is as it says.

Belongs here: the file, hashes, finding backups. Does not: copying (``make.py``, ``restore.py``).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from iot_assets.errors import IotAssetsError

FILE: Final = "manifest.json"
_FORMAT: Final = 1


class BackupError(IotAssetsError):
    """There is no such backup, it is not whole, or there is no place for it: the sentence says which."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One file of a backup."""

    bytes: int
    sha256: str
    modified_ns: int
    """Of the file that was copied: by this and its size the next backup knows it."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a backup."""

    version: str
    data_dir: str
    begun_at: str
    """What was acknowledged before this instant is in it."""
    ended_at: str
    runs_waited_seconds: float
    """For so long the warehouse was held, and runs that came just then waited."""
    copied_bytes: int
    """Of the files that no backup before had."""
    files: dict[str, Kept] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """Of all files."""
        return sum(kept.bytes for kept in self.files.values())

    def write(self, folder: Path) -> None:
        """Write it into the folder of its backup."""
        (folder / FILE).write_text(json.dumps({"format": _FORMAT, **dataclasses.asdict(self)}, indent=1), "utf-8")


def read_manifest(folder: Path) -> Manifest:
    """The list of a backup.

    Raises:
        BackupError: there is none, or it is of another version.
    """
    try:
        tree = json.loads((folder / FILE).read_bytes())
    except FileNotFoundError:
        raise BackupError(f"{folder} is no backup, or one that was not finished: it has no {FILE}") from None
    except (OSError, ValueError) as error:
        raise BackupError(f"{folder / FILE} cannot be read: {error}") from error
    if tree.pop("format", None) != _FORMAT:
        raise BackupError(f"{folder} was made by another version of iot_assets ({tree.get('version')})")
    tree["files"] = {path: Kept(**kept) for path, kept in tree["files"].items()}
    return Manifest(**tree)


def backups(target: Path) -> list[Path]:
    """The whole backups in a folder, the oldest first."""
    return sorted(path for path in target.glob("iot-*Z") if (path / FILE).exists())


def sha256(path: Path) -> str:
    """Of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
