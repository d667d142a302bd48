"""Opening the published copy, for every question that is asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from typing import Any

import duckdb

from iot_assets.errors import IotAssetsError
from iot_assets.lake.paths import DataPaths


class QuestionError(IotAssetsError):
    """The question cannot be answered: mend it, or wait for the first publication."""


@contextmanager
def published(paths: DataPaths) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to ``serving.duckdb``, instants in UTC.

    Raises:
        QuestionError: nothing is published yet.
    """
    if not paths.serving.exists():
        raise QuestionError(
            f"{paths.serving} does not exist yet: it appears with the first publication,"
            " a minute or so after the first message"
        )
    connection = duckdb.connect(str(paths.serving), read_only=True)
    try:
        connection.execute("set TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


def ask(
    connection: duckdb.DuckDBPyConnection, name: str, parameters: dict[str, Any], **queries: str
) -> list[dict[str, Any]]:
    """The rows that ``sql/<name>.sql`` gives for these named parameters, each ``{query}`` in it filled in."""
    sql = resources.files("iot_assets.serving").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    cursor = connection.execute(sql.format(**queries) if queries else sql, parameters)
    columns = [column[0] for column in cursor.description or []]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
