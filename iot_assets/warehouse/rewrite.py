"""Rewriting the warehouse file: what deletes have freed is used again by DuckDB, but only a copy gives it back."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

import duckdb

from iot_assets.errors import InUseError, StorageError
from iot_assets.warehouse.connection import ALIAS, Warehouse
from iot_assets.warehouse.ddl import comments, literal
from iot_assets.warehouse.durable import sync
from iot_assets.warehouse.tables import TABLES


@dataclass(frozen=True, slots=True)
class Rewritten:
    """Bytes of the file before and after."""

    before: int
    after: int


def rewrite(warehouse: Warehouse) -> Rewritten:
    """Copy the warehouse into a new file and put that in its place with one atomic rename, under the file's lock.

    Raises:
        InUseError: another process holds the file.
        StorageError: the disk has no room for the copy; the file stays as it is.
    """
    path = warehouse.path
    copy = path.with_name(path.name + ".rewriting")
    with warehouse.locked():
        with warehouse.connect_locked() as connection:
            before = path.stat().st_size
            try:
                _remove(copy)
                _copy(connection, copy)
            except (OSError, duckdb.IOException) as error:
                with contextlib.suppress(OSError):
                    _remove(copy)
                cause = error if isinstance(error, OSError) else OSError(str(error))
                raise StorageError("rewrite", path, cause) from error
        # Closed, so nothing of the old file is in use and nothing is in its write-ahead log; if another process has
        # opened it meanwhile, it is left alone.
        if path.with_name(path.name + ".wal").exists():
            _remove(copy)
            raise InUseError(f"the warehouse file {path}", "another process", "close it there and try again")
        sync(copy)
        copy.replace(path)
        sync(path.parent)
    return Rewritten(before, path.stat().st_size)


def _copy(connection: duckdb.DuckDBPyConnection, copy: Path) -> None:
    connection.execute(f"attach {literal(str(copy))} as rewritten (storage_version 'v1.5.0')")
    try:
        connection.execute(f"copy from database {ALIAS} to rewritten")
        connection.execute("use rewritten")
        connection.execute("".join(line for table in TABLES.values() for line in comments(table)))
    finally:
        connection.execute(f"use {ALIAS}")
        connection.execute("detach rewritten")


def _remove(copy: Path) -> None:
    for leftover in (copy, copy.with_name(copy.name + ".wal")):
        leftover.unlink(missing_ok=True)
