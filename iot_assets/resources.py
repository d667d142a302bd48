"""Resources: the only bridge from Dagster to plain objects.

Belongs here: turning settings into the objects that rooms below take. Does not: work. Beside these, the settings tree
itself is a resource (``settings: dg.ResourceParam[Settings]``): frozen, read once, handed down.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb
from dagster_duckdb import DuckDBResource

from iot_assets.decoders.decoded import Bounds
from iot_assets.decoders.routes import RouteTable
from iot_assets.formulas.formula import Formula
from iot_assets.lake.paths import DataPaths
from iot_assets.settings import Settings
from iot_assets.warehouse.connection import Warehouse

#: The Dagster pool of whatever writes the warehouse file; it has one slot.
POOL: Final = "warehouse"


class WarehouseResource(DuckDBResource):  # type: ignore[misc]  # dagster-duckdb ships no types
    """dagster-duckdb's resource, with what it lacks: our locks, UTC, migrations, and a close whatever happens.

    The original leaves the connection open when an asset raises, and its kind of connection and ours to one file do not
    mix within a process; so everybody takes this one.
    """

    lock_wait_seconds: float = 60.0
    memory_limit: str | None = None
    threads: int | None = None

    @contextmanager
    def get_connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The sole connection to the warehouse file, closed at the end of the block.

        Raises:
            InUseError: another process still held the file after ``lock_wait_seconds``.
        """
        with self.plain().connect() as connection:
            yield connection

    def plain(self) -> Warehouse:
        """The plain object, for what needs more than a connection."""
        return Warehouse(Path(self.database), self.lock_wait_seconds, self.memory_limit, self.threads)


def warehouse_resource(settings: Settings) -> WarehouseResource:
    """The resource for these settings."""
    return WarehouseResource(
        database=str(data_paths(settings).warehouse),
        lock_wait_seconds=settings.warehouse.lock_wait_seconds,
        memory_limit=settings.warehouse.memory_limit,
        threads=settings.warehouse.threads,
    )


def data_paths(settings: Settings) -> DataPaths:
    """The data folder's paths, absolute, so that no later change of folder moves them."""
    return DataPaths(settings.data_dir.absolute())


def route_table(settings: Settings) -> RouteTable:
    """The user's routes and, after them, the built-in ones.

    Raises:
        SettingsError: a route names a convention or an option that is none, or a decoder that cannot be imported.
    """
    return RouteTable(settings.routes)


def formulas(settings: Settings) -> tuple[Formula, ...]:
    """The formulas in force, in their order."""
    return tuple(declared.ready() for declared in settings.formulas)


def bounds(settings: Settings) -> Bounds:
    """Bounds of decoding."""
    return Bounds(
        max_payload_bytes=settings.decode.max_payload_bytes,
        stale_days=settings.decode.stale_days,
        future_minutes=settings.decode.future_minutes,
    )
