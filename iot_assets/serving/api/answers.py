"""From a question to a response: one page of rows in a format, with its ETag and the way to the next page.

Belongs here: what all addresses that give rows share. Does not: the addresses (``addresses``), formats (``formats``).
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from starlette.responses import Response, StreamingResponse

from iot_assets.serving.api import cursors, formats
from iot_assets.serving.api.refused import RefusedError
from iot_assets.serving.largest_triangle import kept
from iot_assets.serving.reads.thinned import thinned

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request

    from iot_assets.serving.live.live import Live
    from iot_assets.serving.pool import PublishedPool
    from iot_assets.serving.reads.question import Question


class Answers:
    """Answers questions from the present publication, or from it and the live tail."""

    def __init__(self, pool: PublishedPool, live: Live | None, max_rows: int, *, spools: Path) -> None:
        self.pool, self._live = pool, live
        self._max_rows = max_rows
        self._spools = spools

    def sees_live(self, *, wanted: bool | None) -> bool:
        """Whether a question is answered with what is not published yet, too: if so wanted, else where that is here.

        Raises:
            RefusedError: it is wanted, and switched off.
        """
        if self._live is None:
            if wanted:
                raise RefusedError(400, "live readings are switched off here (server.live.enabled)")
            return False
        return self._spools.exists() if wanted is None else wanted

    def _source(self, *, live: bool) -> PublishedPool | Live:
        if live:
            assert self._live is not None
            return self._live
        return self.pool

    def page(
        self,
        request: Request,
        question: Question,
        *,
        form: str | None,
        limit: int | None = None,
        cursor: str | None = None,
        newest_first: bool = False,
        live: bool = False,
    ) -> Response:
        """One page. In JSON it is ``{"items": […], "next": cursor or null}``; ``Link`` says the same in any format.

        Raises:
            RefusedError: limit, format or cursor are wrong.
        """
        written = formats.chosen(form, request.headers.get("accept", ""))
        most = self._most(limit)
        source = self._source(live=live)
        unchanged, etag = self._unchanged(request, written.name, source.version())
        if unchanged is not None:
            return unchanged
        sql = cursors.page(question.sql, question.key, limit=most, after=cursor, newest_first=newest_first)
        with source.cursor() as connection:
            columns = formats.columns_of(connection, sql, question.parameters)
            rows = connection.sql(written.query(sql, columns), params=question.parameters or None).to_arrow_table()
        following = None
        if len(rows) > most:
            (last,) = rows.slice(most - 1, 1).to_pylist()
            following = cursors.cursor_of(last, dict(columns), question.key)
        pieces = list(written.of(rows.slice(0, most), columns))
        if written.name == "json":
            told = "null" if following is None else f'"{following}"'
            pieces = [b'{"items": ', *pieces, f', "next": {told}}}'.encode()]
        headers = {"ETag": etag}
        if following is not None:
            address = request.url.include_query_params(cursor=following)
            headers["Link"] = f'<{address.path}?{address.query}>; rel="next"'
        return Response(b"".join(pieces), media_type=written.media_type, headers=headers)

    def whole(
        self, request: Request, question: Question, *, form: str | None, columns: str, decimals: int = 6
    ) -> Response:
        """All rows in the order of the question's key, written while they are read; seconds with so many decimals."""
        written = formats.chosen(form, request.headers.get("accept", ""))
        unchanged, etag = self._unchanged(request, written.name, self.pool.version())
        if unchanged is not None:
            return unchanged
        order = ", ".join(f'"{name}"' for name in question.key)
        sql = f"select {columns} from ({question.sql}) order by {order}"
        pieces = self._pieces(written, sql, decimals)
        first = next(pieces, b"")  # a fault is told before the first byte of a good answer has gone
        return StreamingResponse(
            itertools.chain([first], pieces), media_type=written.media_type, headers={"ETag": etag}
        )

    def thinned(
        self, request: Request, values: str, points: int, *, time: str, form: str | None, live: bool = False
    ) -> Response:
        """Of each series among these values at most so many points, those that keep its shape; no pages.

        Raises:
            RefusedError: the format is wrong, or all points together are too many for an answer.
        """
        written = formats.chosen(form, request.headers.get("accept", ""))
        source = self._source(live=live)
        unchanged, etag = self._unchanged(request, written.name, source.version())
        if unchanged is not None:
            return unchanged
        with source.cursor() as connection:
            question = thinned(values, points)
            found = connection.sql(f"from ({question.sql}) order by all").to_arrow_table()
        rows = [row for start, end in _runs(found) for row in _kept(found, start, end, points)]
        if len(rows) > self._max_rows:
            raise RefusedError(
                400, f"that would be {len(rows)} points; ask for fewer devices, metrics or points (server.max_rows)"
            )
        chosen = found.take(pa.array(rows, pa.int64())).rename_columns(["device_id", "metric", time, "value"])
        body = formats.of_table(written, chosen)
        if written.name == "json":
            body = b'{"items": ' + body + b', "next": null}'
        return Response(body, media_type=written.media_type, headers={"ETag": etag})

    def _pieces(self, written: formats.Format, sql: str, decimals: int) -> Iterator[bytes]:
        with self.pool.cursor() as connection:
            yield from written.streamed(connection, sql, decimals)

    def objects(self, question: Question, *, live: bool = False) -> list[dict[str, Any]]:
        """A few rows, as objects that JSON can say."""
        json_format = formats.FORMATS["json"]
        with self._source(live=live).cursor() as connection:
            columns = formats.columns_of(connection, question.sql, question.parameters)
            query = json_format.query(question.sql, columns)
            rows = connection.sql(query, params=question.parameters or None).to_arrow_table()
        found: list[dict[str, Any]] = json.loads(b"".join(json_format.of(rows, columns)))
        return found

    def _most(self, limit: int | None) -> int:
        if limit is None:
            return min(1000, self._max_rows)
        if not 1 <= limit <= self._max_rows:
            raise RefusedError(400, f"limit={limit} is not between 1 and {self._max_rows} (server.max_rows)")
        return limit

    @staticmethod
    def _unchanged(request: Request, form: str, version: str) -> tuple[Response | None, str]:
        """304 where the asker has the very answer already; and the answer's ETag."""
        told = f"{version} {request.url.path}?{request.url.query} {form}"
        etag = f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'
        known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
        return (Response(status_code=304, headers={"ETag": etag}) if etag in known else None), etag


def _runs(rows: pa.Table) -> Iterator[tuple[int, int]]:
    """Where each series of sorted rows begins and ends."""
    names = [rows[column].to_pylist() for column in ("device_id", "metric")]
    start = 0
    for _, run in itertools.groupby(zip(*names, strict=True)):
        end = start + sum(1 for _ in run)
        yield start, end
        start = end


def _kept(rows: pa.Table, start: int, end: int, points: int) -> list[int]:
    part = rows.slice(start, end - start)
    times = pc.cast(part["moment"], pa.int64()).to_pylist()
    # From its own beginning, so that no digit is lost.
    since = [time - times[0] for time in times]
    return [start + index for index in kept(since, part["value"].to_pylist(), points)]
