"""A rehearsal: what would be published under the present settings and code, made in a copy that is thrown away.

Belongs here: the copy, and the units that run in it. Does not: comparing (``serving/diff.py``). The warehouse file is
copied while its lock is held, so between two runs, and is not opened; of the lake, links are made.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import duckdb

from iot_assets.assets.silver import settle_pending
from iot_assets.errors import StorageError
from iot_assets.lake.paths import DataPaths
from iot_assets.resources import formulas, warehouse_resource
from iot_assets.sections.rules import in_force
from iot_assets.serving.published import QuestionError
from iot_assets.settings import Settings
from iot_assets.warehouse import bronze, gold, quality
from iot_assets.warehouse.connection import Warehouse, scalar
from iot_assets.warehouse.publish import publish
from iot_assets.warehouse.rebuild import forget

_RUN: Final = "a rehearsal"
_PREFIX: Final = "rehearsal-"
#: Folders of the lake that a rehearsal has of its own: it brings in what it is to decode again, and may set it aside.
_OWN: Final = ("landed", "damaged")


@contextmanager
def rehearsed(settings: Settings, rebuild: date | None = None) -> Iterator[Path]:
    """The file that would be published, until the end of the block.

    Args:
        settings: those in force.
        rebuild: a landed day to decode again first.

    Raises:
        QuestionError: nothing landed on that day, or there is no warehouse yet.
        StorageError: there is no room for the copy.
    """
    paths = DataPaths(settings.data_dir.absolute())
    if not paths.warehouse.exists():
        raise QuestionError(f"{paths.warehouse} does not exist yet")
    _delete_abandoned(paths)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=paths.root) as folder, _in_use(Path(folder)):
        copy = DataPaths(Path(folder))
        _copy(warehouse_resource(settings).plain(), copy)
        _link(paths, copy)
        there = settings.model_copy(update={"data_dir": copy.root})
        with warehouse_resource(there).plain().connect() as connection:
            if rebuild is not None:
                _decode_again(connection, paths, copy, there, rebuild)
            gold.heal(connection, run_id=_RUN, formulas=formulas(settings), judged_by=in_force(settings.rules))
            _judge(connection, settings)
            serving = settings.serving
            publish(connection, copy.serving, whole_rows=serving.whole_rows, recent_days=serving.recent_days)
        yield copy.serving


@contextmanager
def _in_use(folder: Path) -> Iterator[None]:
    """Lock a folder; the kernel unlocks it however this process ends.

    Raises:
        BlockingIOError: another process has it.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _delete_abandoned(paths: DataPaths) -> None:
    """Delete what rehearsals left that were killed."""
    for folder in paths.root.glob(_PREFIX + "*"):
        with suppress(BlockingIOError, FileNotFoundError), _in_use(folder):
            shutil.rmtree(folder)


def _copy(warehouse: Warehouse, copy: DataPaths) -> None:
    with warehouse.locked():
        for file in (warehouse.path, warehouse.path.with_name(warehouse.path.name + ".wal")):
            if file.exists():
                try:
                    shutil.copyfile(file, copy.root / file.name)
                except OSError as error:
                    raise StorageError("copy for a rehearsal", file, error) from error


def _link(paths: DataPaths, copy: DataPaths) -> None:
    copy.landed.mkdir(parents=True)
    for child in paths.lake.iterdir() if paths.lake.exists() else ():
        if child.name not in _OWN:
            (copy.lake / child.name).symlink_to(child)


def _decode_again(
    connection: duckdb.DuckDBPyConnection, paths: DataPaths, copy: DataPaths, settings: Settings, day: date
) -> None:
    """Rebuild a landed day from its files alone: what has landed since is none of the rehearsal's."""
    listed = connection.execute(
        "select path from bronze.files where landed_on = ? and state = 'entered'", [day]
    ).fetchall()
    if not listed:
        raise QuestionError(f"nothing that landed on {day} is in the warehouse")
    for (path,) in listed:
        link = copy.lake / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(paths.lake / path)
    forget(connection, day)
    list(bronze.enter(connection, copy, run_id=_RUN, most_messages=settings.warehouse.batch_messages))
    settle_pending(connection, settings, _RUN)


def _judge(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Judge the quality of what has changed, up to the moment up to which it was judged."""
    until = scalar(connection, "select max(until_at) from ops.judged")
    if until is not None:
        quality.update(
            connection, settings.quality, until + timedelta(minutes=settings.quality.lag_minutes), run_id=_RUN
        )
