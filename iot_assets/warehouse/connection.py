"""Opening the warehouse file, and the one way to write it.

Belongs here: locks, connections, transactions, staging of Arrow tables. Does not: what is written.

Two locks guard the file. Ours (``iot.duckdb.lock``, an operating-system lock) keeps runs apart, also those that bypass
Dagster's pools; DuckDB's own keeps out everyone else, such as a person with the DuckDB CLI, and is waited for with
jitter. Connections are short-lived: DuckDB lets nobody else in while one is open.
"""

from __future__ import annotations

import fcntl
import os
import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from iot_assets.errors import InUseError, StorageError
from iot_assets.warehouse import migrate
from iot_assets.warehouse.queries import query

#: The name under which the file is attached; the same SQL runs where it is a DuckLake catalog.
ALIAS: Final = "iot"
_LOCKED: Final = re.compile(
    r"could not set lock|different configuration|already attached|being used by another", re.IGNORECASE
)
#: From so many rows on a second thread is worth its while.
_MUCH: Final = 20_000
_THREADS: Final = "select getvariable('threads')"


@dataclass(frozen=True, slots=True)
class Warehouse:
    """The warehouse file and how patiently it is opened."""

    path: Path
    lock_wait_seconds: float = 60.0
    memory_limit: str | None = None
    threads: int | None = None

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The sole connection to the file, migrated to the newest schema, closed whatever happens.

        Raises:
            InUseError: another process still held the file after ``lock_wait_seconds``.
            StorageError: the folder cannot be written.
        """
        with self.locked(), self.connect_locked() as connection:
            yield connection

    @contextmanager
    def connect_locked(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """``connect`` for whoever holds the lock already."""
        connection = self._attach()
        try:
            migrate.apply(connection)
            yield connection
        finally:
            connection.close()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs away from the file, whether or not it is open."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError("make the folder", self.path.parent, error) from error
        lock = self.path.with_name(self.path.name + ".lock")
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StorageError("open the lock file", lock, error) from error
        try:
            deadline = time.monotonic() + self.lock_wait_seconds
            while not _try_flock(descriptor):
                if time.monotonic() > deadline:
                    holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
                    raise InUseError(
                        f"the warehouse {self.path}", f"process {holder}", "wait until that run ends, or stop it"
                    )
                _pause(0.02, 0.2)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            yield
        finally:
            os.close(descriptor)  # releases the lock

    def _attach(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(":memory:")
        try:
            if self.memory_limit:
                connection.execute(f"set memory_limit = '{self.memory_limit}'")
            if self.threads:
                connection.execute(f"set threads = {self.threads}")
            prepare(connection)
            self._attach_when_free(connection)
            connection.execute(f"use {ALIAS}")
            connection.execute("set variable lake = ?", [str(self.path.absolute().parent / "lake")])
        except BaseException:
            connection.close()
            raise
        return connection

    def _attach_when_free(self, connection: duckdb.DuckDBPyConnection) -> None:
        target = str(self.path).replace("'", "''")
        deadline = time.monotonic() + self.lock_wait_seconds
        while True:
            try:
                # v1.5.0 is what DuckDB 1.5 and 2 both read and write.
                connection.execute(f"attach '{target}' as {ALIAS} (storage_version 'v1.5.0')")
            except duckdb.Error as error:
                if _LOCKED.search(str(error)) is None:
                    raise
                if time.monotonic() > deadline:
                    raise InUseError(
                        f"the warehouse file {self.path}",
                        _holder(str(error)),
                        "close it there (read data/serving.duckdb instead, which is never locked)",
                    ) from error
                _pause(0.05, 0.5)
            else:
                return


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """The one way to write: all of the body, or nothing of it, whatever ends it."""
    connection.execute("begin transaction")
    try:
        yield connection
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def stage(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    """Make a temporary table of an Arrow table, so that shared SQL sees nothing but tables and files."""
    connection.register("_arriving", table)
    try:
        connection.execute(f"create or replace temp table {name} as select * from _arriving")
    finally:
        connection.unregister("_arriving")


@contextmanager
def lent(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> Iterator[None]:
    """Show an Arrow table as a temporary view for as long as the body lasts: nothing is copied.

    DuckDB does not know how long it is: where it is joined, say of the other side that it is the smaller. And where a
    join looks for ids in it, let them come out of a function, else DuckDB hands the search to Arrow, which cannot.
    """
    connection.register(name, table)
    try:
        yield
    finally:
        connection.unregister(name)


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Give a connection what the warehouse's SQL stands on: UTC, order, the macros for instants, what ``pace`` asks."""
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set preserve_insertion_order = true")
    connection.execute("set variable threads = current_setting('threads')")
    connection.execute(query("instants"))


def insert(connection: duckdb.DuckDBPyConnection, table: str, query: str) -> None:
    """Put the rows of a query into a table that one transaction may put rows into more than once; none are left alone.

    An insert of no rows, beside one of more than 122,880 into the same table in the same transaction, makes DuckDB 1.5
    lose sight of those until the file is opened again: both with ``order by`` or straight from a table, and with more
    than one thread. DuckDB 2.0 does not.
    """
    if scalar(connection, f"select 1 from ({query}) limit 1"):
        connection.execute(f"insert into {table} by name {query}")


def pace(connection: duckdb.DuckDBPyConnection, count: int) -> None:
    """Take one thread for little, and all of them for much, by how many rows are to be worked on.

    With little to do threads wait for each other: a minute of 5,000 messages cost a third more processor time by two.
    """
    connection.execute(f"set threads = {1 if count < _MUCH else scalar(connection, _THREADS)}")


def rows(connection: duckdb.DuckDBPyConnection, sql: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
    """The result of a query as a list of dicts; for small results such as offending rows."""
    cursor = connection.execute(sql, parameters or [])
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def scalar(connection: duckdb.DuckDBPyConnection, sql: str, parameters: list[Any] | None = None) -> Any:
    """The first column of the first row of a query, or None."""
    # All rows: DuckDB 2 takes nothing else on a connection whose last result was not read to its end.
    found = connection.execute(sql, parameters or []).fetchall()
    return found[0][0] if found else None


def _try_flock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pause(least: float, most: float) -> None:
    time.sleep(random.uniform(least, most))  # noqa: S311 - jitter, not a secret


def _holder(message: str) -> str:
    found = re.search(r"held in (?P<what>\S+) \(PID (?P<pid>\d+)\)", message)
    return f"process {found['pid']} ({Path(found['what']).name})" if found else "another process"
