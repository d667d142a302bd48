"""``POST /sql``: a query of somebody else's, on the published copy, within bounds.

Queries run in processes beside the server, a few at a time, one query in each. A process that takes too long is ended,
and one that its query has ended is replaced; the server notices neither in its memory nor in its own answers. Belongs
here: whose turn it is, and ending. Does not: the query itself (``sql_child``), who may ask (``access``).
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Body, Request
from starlette.responses import Response

from iot_assets.serving.api import formats
from iot_assets.serving.api.refused import RefusedError
from iot_assets.serving.published import QuestionError

if TYPE_CHECKING:
    from pathlib import Path

    from iot_assets.sections.server import SqlLimits

_AT_ONCE: Final = 2


class ReadOnlySql:
    """Has queries answered; its processes are started when they are first needed, and kept."""

    def __init__(self, serving: Path, limits: SqlLimits) -> None:
        self._serving, self._limits = serving, limits
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._idle: list[_Child] = []

    def answer(self, sql: str, form: formats.Format) -> tuple[bytes, bool]:
        """The body, and whether rows were left out.

        Raises:
            RefusedError: it is no single query, DuckDB refuses it, or it is beyond the bounds.
            QuestionError: nothing is published yet.
        """
        if not self._serving.exists():
            raise QuestionError(f"{self._serving} does not exist yet: it appears with the first publication")
        if not self._turns.acquire(timeout=self._limits.seconds):
            raise RefusedError(429, "other queries are running; come again later", {"Retry-After": "5"})
        try:
            with self._child() as child:
                return child.answer(sql, form.name)
        finally:
            self._turns.release()

    @contextlib.contextmanager
    def _child(self) -> Iterator[_Child]:
        child = self._idle.pop() if self._idle else _Child(self._serving, self._limits)
        try:
            yield child
        finally:
            if child.ended:
                child.close()
            else:
                self._idle.append(child)

    def close(self) -> None:
        """End the processes that wait for queries."""
        while self._idle:
            self._idle.pop().close()


class _Child:
    """A process that answers one query at a time."""

    def __init__(self, serving: Path, limits: SqlLimits) -> None:
        self._limits = limits
        bounds = limits.model_dump(include={"seconds", "rows", "memory_limit"}) | {"serving": str(serving)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "iot_assets.serving.api.sql_child", json.dumps(bounds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # A pool of memory for each thread would be counted though nothing is in it.
            env=os.environ | {"MALLOC_ARENA_MAX": "1"},
        )
        self.ended = False
        self._head()  # its start counts for no query

    def answer(self, sql: str, form: str) -> tuple[bytes, bool]:
        """The body, and whether rows were left out.

        Raises:
            RefusedError: the query is refused, or it has ended the process.
        """
        late = threading.Event()
        timer = threading.Timer(self._limits.seconds, self._end, [late])
        self._write(json.dumps({"sql": sql, "format": form}).encode() + b"\n")
        head, body = self._head(), b""
        if not self.ended and "error" not in head:
            timer.start()  # only now: opening the published copy counts for no query either
            try:
                head = self._head()
                body = self._read(head.get("bytes", 0))
            finally:
                timer.cancel()
        if late.is_set():
            self.ended = True
            raise RefusedError(400, f"the query took longer than {self._limits.seconds:g} s and was stopped")
        if self.ended:
            raise RefusedError(
                400, f"the query has ended its process: more than {self._limits.memory_limit} of memory?"
            )
        if "error" in head:
            self.ended = bool(head.get("last"))
            raise RefusedError(400, head["error"])
        return body, head["truncated"]

    def close(self) -> None:
        """End it, and leave nothing of it behind."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        self._process.wait()

    def _end(self, late: threading.Event) -> None:
        late.set()
        self._process.kill()

    def _write(self, line: bytes) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def _head(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        try:
            head: dict[str, Any] = json.loads(self._process.stdout.readline())
        except ValueError:  # it ended before it had told all of it
            self.ended = True
            return {}
        return head

    def _read(self, count: int) -> bytes:
        assert self._process.stdout is not None
        body = self._process.stdout.read(count)
        self.ended |= len(body) < count
        return body


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
