"""A question in SQL, put to the published copy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from iot_assets.lake.paths import DataPaths
from iot_assets.serving.published import QuestionError, published


@contextmanager
def answer(paths: DataPaths, sql: str) -> Iterator[duckdb.DuckDBPyRelation]:
    """The result of a query.

    Raises:
        QuestionError: nothing is published yet, or DuckDB refuses the query.
    """
    with published(paths) as connection:
        try:
            relation = connection.sql(sql)
            if relation is None:
                raise QuestionError("that is no query: it returns nothing")
            yield relation
        except duckdb.Error as error:
            raise QuestionError(str(error)) from error
