"""A question in SQL, put to the published copy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from iot_assets.errors import IotAssetsError
from iot_assets.lake.paths import DataPaths


class QuestionError(IotAssetsError):
    """The question cannot be answered: mend the SQL, or wait for the first publication."""


@contextmanager
def answer(paths: DataPaths, sql: str) -> Iterator[duckdb.DuckDBPyRelation]:
    """The result of a query on ``serving.duckdb``, read-only, instants in UTC.

    Raises:
        QuestionError: nothing is published yet, or DuckDB refuses the query.
    """
    with _published(paths.serving) as connection:
        try:
            relation = connection.sql(sql)
            if relation is None:
                raise QuestionError("that is no query: it returns nothing")
            yield relation
        except duckdb.Error as error:
            raise QuestionError(str(error)) from error


@contextmanager
def _published(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    if not path.exists():
        raise QuestionError(
            f"{path} does not exist yet: it appears with the first publication, a minute or so after the first message"
        )
    connection = duckdb.connect(str(path), read_only=True)
    try:
        connection.execute("set TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()
