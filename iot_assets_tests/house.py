"""A whole house in a temporary folder, whose write units a test runs one by one, and its tables as plain rows.

Belongs here: running units without Dagster, reading tables for comparison. Does not: expectations.
"""

from __future__ import annotations

import struct
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from iot_assets.assets import silver as silver_asset
from iot_assets.lake.paths import DataPaths
from iot_assets.resources import formulas
from iot_assets.sections.rules import in_force
from iot_assets.settings import Settings
from iot_assets.warehouse import bronze, gold, publish
from iot_assets.warehouse.connection import Warehouse
from iot_assets.warehouse.rebuild import forget
from iot_assets.warehouse.tables import TABLES, Table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    import duckdb

    from iot_assets.warehouse.bronze import Entered
    from iot_assets.warehouse.gold import Healed
    from iot_assets.warehouse.silver import Written

Row: TypeAlias = tuple[Any, ...]
Tables: TypeAlias = dict[str, list[Row]]

#: Columns that say how a row came in and not what is true; a rebuild may change them.
BOOKKEEPING: Final = frozenset({"batch_id", "file_id", "entered_at", "replayed_at"})
RUN: Final = "a-test"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class House:
    """A data folder and the units that work in it."""

    settings: Settings

    @property
    def paths(self) -> DataPaths:
        """Where its things lie."""
        return DataPaths(self.settings.data_dir)

    @property
    def warehouse(self) -> Warehouse:
        """Its warehouse, small and patient for a few seconds."""
        return Warehouse(self.paths.warehouse, lock_wait_seconds=20, threads=1)

    @contextmanager
    def open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to the warehouse."""
        with self.warehouse.connect() as connection:
            yield connection

    def run(self) -> list[Written]:
        """The whole chain, as a minute does it, but for the publication; what silver wrote."""
        with self.open() as connection:
            return run_chain(connection, self.settings)[1]

    def rebuild(self, day: date) -> None:
        """Forget a landed day and take it in again."""
        with self.open() as connection:
            forget(connection, day)
            run_chain(connection, self.settings)

    def publish(self, *, whole_rows: int | None = None, recent_days: int | None = None) -> publish.Published:
        """Publish what there is; as much as its settings say, where not told otherwise."""
        asked = self.settings.serving
        whole = asked.whole_rows if whole_rows is None else whole_rows
        days = asked.recent_days if recent_days is None else recent_days
        with self.open() as connection:
            return publish.publish(connection, self.paths.serving, whole_rows=whole, recent_days=days)

    def ask(self, sql: str) -> list[Row]:
        """Rows of a query on the warehouse."""
        with self.open() as connection:
            return connection.execute(sql).fetchall()

    def tables(self) -> Tables:
        """Everything that must be equal after a rebuild."""
        with self.open() as connection:
            return tables_of(connection)


def run_chain(connection: duckdb.DuckDBPyConnection, settings: Settings) -> tuple[list[Entered], list[Written], Healed]:
    """Bronze, silver and gold on one connection."""
    paths = DataPaths(settings.data_dir)
    entered = list(bronze.enter(connection, paths, run_id=RUN, most_messages=settings.warehouse.batch_messages))
    written = silver_asset.settle_pending(connection, settings, RUN)
    return entered, written, heal(connection, settings)


def heal(connection: duckdb.DuckDBPyConnection, settings: Settings) -> Healed:
    """Gold, by the rules and formulas in force."""
    return gold.heal(connection, run_id=RUN, formulas=formulas(settings), judged_by=in_force(settings.rules))


def house_in(folder: Path, **settings: Any) -> House:
    """A house with these settings in a folder of its own."""
    return House(Settings(data_dir=folder, **settings))


def tables_of(connection: duckdb.DuckDBPyConnection) -> Tables:
    """All tables but ``ops``, without book-keeping columns, sorted, floating point to the bit."""
    return {name: rows_of(connection, table) for name, table in TABLES.items() if table.schema != "ops"}


def rows_of(connection: duckdb.DuckDBPyConnection, table: Table) -> list[Row]:
    """The rows of one table in a form that compares to the bit."""
    names = ", ".join(f'"{c.name}"' for c in table.columns if c.name not in BOOKKEEPING)
    found = connection.execute(f"select {names} from {table.full_name}").fetchall()
    return sorted((tuple(to_the_bit(value) for value in row) for row in found), key=repr)


def to_the_bit(value: Any) -> Any:
    """Floating point as its eight bytes, so that 0.0 and -0.0 differ; instants as microseconds; lists as tuples."""
    match value:
        case float():
            return struct.pack(">d", value).hex()
        case datetime():
            return (value - _EPOCH) // timedelta(microseconds=1)
        case list():
            return tuple(to_the_bit(v) for v in value)
        case _:
            return value
