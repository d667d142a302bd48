"""The published copy, held open for a process that is asked often: a new one is seen with the next question.

A copy that is replaced stays open until the questions put to it are answered. Belongs here: opening, and telling one
publication from the next. Does not: the questions (``reads``), or a single one asked from the command line
(``published``).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import duckdb

from iot_assets.serving.published import QuestionError
from iot_assets.warehouse.beginning import beginning

if TYPE_CHECKING:
    from pathlib import Path

    from iot_assets.lake.paths import DataPaths

#: Of the copy of nothing.
_NOTHING: Final = (0, 0)


@dataclass(eq=False, slots=True)
class Copy:
    """One publication, open, in a database of its own; ``asked`` counts the questions under way and who holds it."""

    identity: tuple[int, int]
    connection: duckdb.DuckDBPyConnection
    version: str
    tables: frozenset[str]
    asked: int = 0
    outdated: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it is there because nothing is published yet."""
        return self.identity == _NOTHING


class PublishedPool:
    """Cursors on the present publication, for as many threads as ask."""

    def __init__(self, paths: DataPaths, *, threads: int | None = None, memory_limit: str | None = None) -> None:
        self._file = paths.serving
        self._config: dict[str, str | bool | int | float | list[str]] = {}
        if threads is not None:
            self._config["threads"] = threads
        if memory_limit is not None:
            self._config["memory_limit"] = memory_limit
        self._lock = threading.Lock()
        self._copy: Copy | None = None

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of the caller's own, instants in UTC, the published tables by their names.

        Raises:
            QuestionError: nothing is published yet.
        """
        copy = self.hold()
        try:
            with _cursor(copy) as cursor:
                yield cursor
        finally:
            self.let_go(copy)

    @contextmanager
    def cursor_on(self, copy: Copy) -> Iterator[duckdb.DuckDBPyConnection]:
        """The same on a copy that somebody holds; it stays open until the cursor is closed."""
        with self._lock:
            copy.asked += 1
        try:
            with _cursor(copy) as cursor:
                yield cursor
        finally:
            self.let_go(copy)

    def hold(self) -> Copy:
        """The present publication, which stays open until it is let go.

        Raises:
            QuestionError: nothing is published yet.
        """
        if self._identity() == _NOTHING:
            raise QuestionError(self.nothing)
        return self.hold_any()

    def hold_any(self) -> Copy:
        """The same, or an empty one where nothing is published yet.

        Raises:
            QuestionError: it cannot be read.
        """
        with self._lock:
            identity = self._identity()
            if self._copy is None or self._copy.identity != identity:
                self._retire()
                self._copy = self._open(identity)
            self._copy.asked += 1
            return self._copy

    def let_go(self, copy: Copy) -> None:
        """Needed no more: closed, where a newer one has taken its place and nobody asks it."""
        with self._lock:
            copy.asked -= 1
            if copy.outdated and not copy.asked:
                copy.connection.close()

    def is_newest(self, copy: Copy) -> bool:
        """Whether nothing has been published since this copy."""
        return copy.identity == self._identity()

    @property
    def nothing(self) -> str:
        """What is said where nothing is published yet."""
        return (
            f"{self._file} does not exist yet: it appears with the first publication,"
            " a minute or so after the first message"
        )

    def version(self) -> str:
        """Differs from one publication to the next.

        Raises:
            QuestionError: nothing is published yet.
        """
        copy = self.hold()
        self.let_go(copy)
        return copy.version

    def holds(self, table: str) -> bool:
        """Whether the present publication has this table; one by an older version may lack it.

        Raises:
            QuestionError: nothing is published yet.
        """
        copy = self.hold()
        self.let_go(copy)
        return table in copy.tables

    def close(self) -> None:
        """Let go of the present copy, once it is asked no more."""
        with self._lock:
            self._retire()

    def _retire(self) -> None:
        if self._copy is None:
            return
        self._copy.outdated = True
        if not self._copy.asked:
            self._copy.connection.close()
        self._copy = None

    def _identity(self) -> tuple[int, int]:
        try:
            found = self._file.stat()
        except FileNotFoundError:
            return _NOTHING
        return found.st_ino, found.st_mtime_ns

    def _open(self, identity: tuple[int, int]) -> Copy:
        if identity != _NOTHING:
            return self._opened(identity, self._file)
        with beginning() as file:
            return self._opened(identity, file)

    def _opened(self, identity: tuple[int, int], file: Path) -> Copy:
        # Attached to a database of its own: DuckDB would take a file of the same path for the one it has open already.
        connection = duckdb.connect(":memory:", config=self._config)
        name = str(file).replace("'", "''")
        try:
            connection.execute(f"attach '{name}' as serving (read_only)")
            tables = connection.execute(
                "select table_schema || '.' || table_name from information_schema.tables"
                " where table_catalog = 'serving'"
            ).fetchall()
        except duckdb.Error as error:
            connection.close()
            raise QuestionError(f"{file} cannot be read: {error}") from error
        version = f"{identity[0]:x}-{identity[1]:x}"
        return Copy(identity, connection, version, frozenset(table for (table,) in tables))


@contextmanager
def _cursor(copy: Copy) -> Iterator[duckdb.DuckDBPyConnection]:
    cursor = copy.connection.cursor()
    try:
        cursor.execute("use serving; set TimeZone = 'UTC'")
        yield cursor
    finally:
        cursor.close()
