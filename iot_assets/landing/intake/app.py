"""The intake's addresses: which requests are taken, and in which order a request is looked over.

Belongs here: paths, methods, content types, the way from a request to its answer. Does not: reading bodies
(``bodies.py``), the lines in them (``lines.py``), the page that describes all this (``description.py``).
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from iot_assets.landing.intake.answers import DONE, RefusedError, refusal
from iot_assets.landing.intake.bodies import BodyReader
from iot_assets.landing.intake.description import description, page
from iot_assets.landing.intake.lines import first_fault

if TYPE_CHECKING:
    from iot_assets.landing.intake.handover import Handover
    from iot_assets.settings import Settings

_DATA: Final = "/data"
_SOURCE: Final = re.compile(r"[^\x00-\x1f\x7f+#]{1,200}")
_CHARSETS: Final = ("utf-8", "utf8", "us-ascii", "ascii")
_HERE: Final = "here are POST /data, POST /ingest/{source}, GET /health and GET /docs"


class Intake:
    """The requests of one lander's intake. Belongs to the server's thread; others may read its counts."""

    def __init__(self, settings: Settings, handover: Handover) -> None:
        self._handover = handover
        self._bodies = BodyReader(settings.http, settings.decode.max_payload_bytes)
        self.accepted = 0
        """Bodies answered 200."""
        self.refused = 0
        """Requests answered with an error."""

    def app(self) -> Starlette:
        """The application that a server serves."""
        app = Starlette(
            routes=[
                Route(_DATA, self._data, methods=["POST"]),
                Route("/ingest/{source}", self._ingest, methods=["POST"]),
                Route("/health", self._health, methods=["GET"]),
                Route("/openapi.json", self._openapi, methods=["GET"]),
                Route("/docs", self._docs, methods=["GET"]),
            ],
            exception_handlers={HTTPException: self._refuse, Exception: self._fail},
        )
        app.router.redirect_slashes = False  # most senders would not follow
        return app

    async def _data(self, request: Request) -> Response:
        """Lines ``epoch name value``: all of a body, or none of it."""
        _expect_text(request.headers.get("content-type", ""))
        return await self._take(request, _DATA, lines=True)

    async def _ingest(self, request: Request) -> Response:
        """Any payload, as it is: whether it can be decoded is seen later, and what cannot is kept with a reason."""
        source = request.path_params["source"]
        if _SOURCE.fullmatch(source) is None:
            raise RefusedError(404, "a source has up to 200 characters, none of them +, # or a control character")
        return await self._take(request, f"/ingest/{source}", lines=False)

    async def _take(self, request: Request, topic: str, *, lines: bool) -> Response:
        self._expect_open()
        encoding = request.headers.get("content-encoding", "").strip().lower()
        body = await self._read(request)
        try:
            plain = self._bodies.unpacked(body, encoding)
            if not plain.strip():
                raise RefusedError(400, "the body is empty")
            if lines and (fault := first_fault(plain)) is not None:
                raise RefusedError(400, f"line {fault.line}: {fault.why}", line=fault.line)
            content_type = request.headers.get("content-type")
            if not await self._handover.give(topic, body, content_type, _attributes(request, encoding)):
                raise RefusedError(503, _why(self._handover.closed))
        except asyncio.CancelledError:
            # The server stops and waits no longer; whoever sent this must not take silence for a yes.
            raise RefusedError(503, "the lander is stopping") from None
        finally:
            self._bodies.release(len(body))
        self.accepted += 1
        return DONE

    async def _read(self, request: Request) -> bytes:
        try:
            return await self._bodies.read(request)
        except ClientDisconnect:
            raise RefusedError(400, "the sender hung up") from None
        except asyncio.CancelledError:
            raise RefusedError(503, "the lander is stopping") from None

    def _expect_open(self) -> None:
        if (why := self._handover.closed) is not None:
            raise RefusedError(503, _why(why))

    async def _health(self, request: Request) -> Response:
        """Whether bodies are taken; who only asks is not counted."""
        del request
        why = self._handover.closed
        return DONE if why is None else refusal(503, _why(why))

    async def _openapi(self, request: Request) -> Response:
        del request
        return JSONResponse(description())

    async def _docs(self, request: Request) -> Response:
        return HTMLResponse(page(str(request.base_url).rstrip("/")))

    async def _refuse(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        self.refused += 1
        if isinstance(error, RefusedError):
            return refusal(error.status_code, error.detail, line=error.line)
        match error.status_code:
            case 404:
                why = f"there is nothing at {request.url.path}; {_HERE}"
            case 405:
                why = f"{request.url.path} takes no {request.method}; {_HERE}"
            case _:
                why = error.detail
        return refusal(error.status_code, why, headers=error.headers)

    async def _fail(self, request: Request, error: Exception) -> Response:
        """A fault of ours; the server logs it."""
        del request, error
        self.refused += 1
        return refusal(500, "a fault of the lander's own; its log says more")


def _why(closed: str | None) -> str:
    return f"{closed or 'it could not be made durable'}; send it again later"


def _expect_text(content_type: str) -> None:
    kind, _, rest = content_type.partition(";")
    if kind.strip().lower() != "text/plain":
        raise RefusedError(415, f"content type {content_type!r} is not taken here; send text/plain")
    for parameter in rest.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in _CHARSETS:
            raise RefusedError(415, f"charset {value.strip()!r} is not taken here; send UTF-8")


def _attributes(request: Request, encoding: str) -> str | None:
    """What decoding may need besides the bytes, as JSON: how they are compressed, the query, headers of CloudEvents."""
    found: dict[str, object] = {}
    if encoding not in ("", "identity"):
        found["content_encoding"] = encoding
    if request.scope["query_string"]:
        found["query"] = dict(request.query_params)
    if any(name.startswith(b"ce-") for name, _ in request.headers.raw):
        found["headers"] = {name: value for name, value in request.headers.items() if name.startswith("ce-")}
    return json.dumps(found, ensure_ascii=False) if found else None
