"""The application: what is where, in which order a request is looked over, and what goes wrong in a sentence.

Belongs here: putting together. Does not: the addresses themselves (``addresses``, ``events``, ``state``, …).
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse

from iot_assets.errors import IotAssetsError
from iot_assets.lake.paths import DataPaths
from iot_assets.serving.api.access import Access
from iot_assets.serving.api.addresses import devices_addresses, readings_addresses
from iot_assets.serving.api.answers import Answers
from iot_assets.serving.api.events import events
from iot_assets.serving.api.forward import forwarding
from iot_assets.serving.api.keys import Keys
from iot_assets.serving.api.metrics import Asked
from iot_assets.serving.api.pipeline import pipeline_addresses
from iot_assets.serving.api.quality import quality_addresses
from iot_assets.serving.api.refused import RefusedError, refusal
from iot_assets.serving.api.socket import socket
from iot_assets.serving.api.sql import ReadOnlySql, sql_address
from iot_assets.serving.api.state import State, watching
from iot_assets.serving.live.live import Live
from iot_assets.serving.pool import PublishedPool
from iot_assets.serving.published import QuestionError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from iot_assets.settings import Settings

_log = logging.getLogger(__name__)
#: Bodies shorter than this are not worth compressing.
_WORTH_GZIP: Final = 1_000
_GZIP_LEVEL: Final = 3


def keys_file(settings: Settings) -> Path:
    """Where the API keys are."""
    return settings.server.keys_file or settings.data_dir / "api-keys.json"


def api(settings: Settings) -> FastAPI:
    """The application for these settings."""
    server = settings.server
    paths = DataPaths(settings.data_dir)
    pool = PublishedPool(paths, threads=server.threads, memory_limit=server.memory_limit)
    live = Live(settings, pool)
    answers = Answers(pool, live if server.live.enabled else None, server.max_rows, spools=paths.spools)
    access = Access(server, Keys(keys_file(settings)))
    sql = ReadOnlySql(paths.serving, server.sql)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        sql.close()
        live.close()
        pool.close()

    app = FastAPI(
        lifespan=lifespan,
        title="iot_assets",
        version=version("iot-assets"),
        summary="What devices have sent, as tables that people can trust.",
        exception_handlers={
            HTTPException: _refuse,
            RequestValidationError: _invalid,
            IotAssetsError: _not_now,
            Exception: _fail,
        },
    )
    app.state.live = live
    app.router.redirect_slashes = False
    asked = Asked()
    state = State(settings, answers, live)
    # What pages beside the API need of it.
    app.state.pool, app.state.access, app.state.told = pool, access, state.told

    def scope(name: str) -> Callable[[HTTPConnection], None]:
        def allow(request: HTTPConnection) -> None:
            access.allow(request, name)

        return allow

    readers = (
        readings_addresses(answers),
        devices_addresses(answers),
        quality_addresses(answers),
        pipeline_addresses(answers),
        watching(state, asked),
    )
    for router in readers:
        app.include_router(router, dependencies=[Depends(scope("read"))])
    if server.live.enabled:
        most = server.live.queue_readings
        for router in (events(live, most), socket(live, most, server.cors_origins)):
            app.include_router(router, dependencies=[Depends(scope("read"))])
    intake = f"http://{settings.http.host}:{settings.http.port or 8080}"
    app.include_router(forwarding(intake), dependencies=[Depends(scope("ingest"))])
    if server.sql.enabled:
        app.include_router(sql_address(sql), dependencies=[Depends(scope("sql"))])
    app.add_middleware(GZipMiddleware, minimum_size=_WORTH_GZIP, compresslevel=_GZIP_LEVEL)
    if server.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(server.cors_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-API-Key"],
            expose_headers=["Link", "ETag", "X-Request-Id", "X-Truncated"],
        )
    app.add_middleware(RequestLog, asked=asked)
    return app


class RequestLog:
    """A line and a count a request, and its id in the answer: what a user names when something is wrong."""

    def __init__(self, app: ASGIApp, asked: Asked) -> None:
        self._app, self._asked = app, asked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = uuid.uuid4().hex[:16]
        started = time.perf_counter()
        status = 0

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", name.encode())]
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            spent = time.perf_counter() - started
            self._asked.count(scope, status, spent)
            _log.info("%s %s %s %d %.1f ms", name, scope["method"], scope["path"], status, spent * 1000)


async def _refuse(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if isinstance(error, RefusedError):
        return refusal(error.status_code, error.detail, error.headers)
    why = {
        404: f"there is nothing at {request.url.path}; /docs shows what there is",
        405: f"{request.url.path} takes no {request.method}; /docs shows what it takes",
    }.get(error.status_code, str(error.detail))
    return refusal(error.status_code, why, error.headers)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    del request
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    return refusal(400, f"{where}: {first['msg']}")


async def _not_now(request: Request, error: Exception) -> JSONResponse:
    """Nothing is published yet, or the disk is in trouble."""
    del request
    again = {"Retry-After": "30"} if isinstance(error, QuestionError) else None
    return refusal(503, str(error), again)


async def _fail(request: Request, error: Exception) -> JSONResponse:
    """A fault of ours; the server logs it."""
    del request, error
    return refusal(500, "a fault of the server's own; its log says more under this request's id (X-Request-Id)")
