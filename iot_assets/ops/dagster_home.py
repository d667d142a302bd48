"""Where Dagster is at home: its instance settings are those of the project's folder, its storage lies below the data.

Belongs here: making that folder, for whoever starts Dagster. Does not: starting it. Set to the project's own folder,
Dagster would leave folders of its own there.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from iot_assets.errors import StorageError
from iot_assets.lake.paths import DataPaths

VARIABLE: Final = "DAGSTER_HOME"
_FILE: Final = "dagster.yaml"
#: How the project's instance settings name the storage, relative to the project's folder.
_STORAGE: Final = "base_dir: data/dagster"


def dagster_home(project: Path, paths: DataPaths) -> Path:
    """The home for this project and this data folder; one that the variable names already is left alone.

    Raises:
        StorageError: the disk refuses.
    """
    if named := os.environ.get(VARIABLE):
        return Path(named)
    home, settings = paths.dagster.absolute(), project / _FILE
    try:
        home.mkdir(parents=True, exist_ok=True)
        if settings.exists():
            _place(settings, home)
    except OSError as error:
        raise StorageError("put the instance settings into", home / _FILE, error) from error
    return home


def _place(settings: Path, home: Path) -> None:
    """Link the settings where their storage is this home, else copy them with the storage put right."""
    placed = home / _FILE
    if home == (settings.parent / "data" / "dagster").absolute():
        if not (placed.is_symlink() and placed.readlink() == settings.absolute()):
            placed.unlink(missing_ok=True)
            placed.symlink_to(settings.absolute())
        return
    placed.unlink(missing_ok=True)
    placed.write_text(settings.read_text(encoding="utf-8").replace(_STORAGE, f"base_dir: {home}"), encoding="utf-8")
