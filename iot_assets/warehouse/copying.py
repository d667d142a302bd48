"""The warehouse file copied as it lies there, with no run that could write meanwhile; for backups.

Belongs here: the lock, and which files make up the warehouse. Does not: the rest of a backup (``ops/backup``). The file
is not opened: a backup before an upgrade is to be of the schema before it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from iot_assets.warehouse.connection import Warehouse

#: A run may be under way; backups are in no hurry.
_PATIENCE_SECONDS: Final = 1800.0


@contextmanager
def held_still(warehouse: Path) -> Iterator[None]:
    """Keep runs from writing, to the warehouse and the lake, within the body.

    Raises:
        InUseError: a run held it for half an hour.
    """
    with Warehouse(warehouse, lock_wait_seconds=_PATIENCE_SECONDS).locked():
        yield


def copy_warehouse(warehouse: Path, folder: Path) -> list[str]:
    """Copy the file into a folder, with what a killed run has left to be written; the names of what there was.

    Only while it is held still.
    """
    files = (warehouse, warehouse.with_name(f"{warehouse.name}.wal"))
    names = [file.name for file in files if file.exists()]
    for name in names:
        shutil.copyfile(warehouse.parent / name, folder / name)
    return names
