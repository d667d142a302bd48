"""``POST /sql``: a query of somebody else's, on the published copy, within bounds.

A database of its own, opened read-only, with nothing outside within reach: no files, no network, no extensions, and
the configuration locked. One query at a time that reads; it is stopped when it takes too long, and its answer ends
where the bound of rows is. Belongs here: the bounds. Does not: who may ask (``access``).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import duckdb
import pyarrow as pa
from fastapi import APIRouter, Body, Request
from starlette.responses import Response

from iot_assets.serving.api import formats
from iot_assets.serving.api.refused import RefusedError
from iot_assets.serving.published import QuestionError

if TYPE_CHECKING:
    from pathlib import Path

    from iot_assets.sections.server import SqlLimits


class ReadOnlySql:
    """Runs queries, each in a database that is opened for it and closed after it."""

    def __init__(self, serving: Path, limits: SqlLimits) -> None:
        self._serving, self._limits = serving, limits
        self._turns = threading.BoundedSemaphore(2)

    def answer(self, sql: str, form: formats.Format) -> tuple[bytes, bool]:
        """The body, and whether rows were left out.

        Raises:
            RefusedError: it is no single query, DuckDB refuses it, or it is beyond the bounds.
            QuestionError: nothing is published yet.
        """
        if not self._turns.acquire(timeout=self._limits.seconds):
            raise RefusedError(429, "other queries are running; come again later", {"Retry-After": "5"})
        try:
            with self._database() as connection:
                query = _single(connection, sql)
                rows = self._within_time(connection, query)
            return formats.of_table(form, rows.slice(0, self._limits.rows)), rows.num_rows > self._limits.rows
        finally:
            self._turns.release()

    @contextmanager
    def _database(self) -> Iterator[duckdb.DuckDBPyConnection]:
        if not self._serving.exists():
            raise QuestionError(f"{self._serving} does not exist yet: it appears with the first publication")
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": self._limits.memory_limit,
            "threads": 1,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "temp_directory": "",
            "max_temp_directory_size": "0GB",
            "python_enable_replacements": False,
        }
        with duckdb.connect(":memory:", config=config) as connection:
            name = str(self._serving).replace("'", "''")
            lake = str(self._serving.parent / "lake").replace("'", "''")
            connection.execute(f"attach '{name}' as serving (read_only); use serving; set TimeZone = 'UTC'")
            # The views over closed days read the lake's files, so these two folders, and nothing else.
            connection.execute(f"set allowed_directories = ['{lake}/silver', '{lake}/gold']")
            connection.execute("set enable_external_access = false; set lock_configuration = true")
            yield connection

    def _within_time(self, connection: duckdb.DuckDBPyConnection, query: str) -> pa.Table:
        timer = threading.Timer(self._limits.seconds, connection.interrupt)
        timer.start()
        try:
            return connection.sql(f"select * from (\n{query}\n) limit {self._limits.rows + 1}").to_arrow_table()
        except duckdb.InterruptException:
            raise RefusedError(400, f"the query took longer than {self._limits.seconds:g} s and was stopped") from None
        except duckdb.OutOfMemoryException:
            raise RefusedError(400, f"the query needs more than {self._limits.memory_limit} of memory") from None
        except duckdb.Error as error:
            raise RefusedError(400, str(error)) from error
        finally:
            timer.cancel()


def _single(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise RefusedError(400, str(error)) from error
    if len(statements) != 1:
        raise RefusedError(400, f"one query at a time, please; these are {len(statements)}")
    if statements[0].type != duckdb.StatementType.SELECT:
        raise RefusedError(400, f"only queries are answered here; this is {statements[0].type.name}")
    return statements[0].query.strip().rstrip(";")


def sql_address(sql: ReadOnlySql) -> APIRouter:
    """The router of ``POST /sql``."""
    router = APIRouter(tags=["sql"])

    @router.post("/sql", summary="A query in SQL, read-only")
    def post_sql(
        request: Request,
        query: Annotated[str, Body(media_type="text/plain", description="One query, as text.")],
        form: str | None = None,
    ) -> Response:
        """DuckDB's SQL on the published tables. `X-Truncated: true` says that rows were left out."""
        chosen = formats.chosen(form or request.query_params.get("format"), request.headers.get("accept", ""))
        body, truncated = sql.answer(query, chosen)
        return Response(body, media_type=chosen.media_type, headers={"X-Truncated": str(truncated).lower()})

    return router
