"""What devices send to the API is handed on to the lander's intake, which alone takes data.

Belongs here: handing on. Does not: looking into bodies; the intake judges them, and its answer is given back as it is.
"""

from __future__ import annotations

from typing import Final

import httpx
from fastapi import APIRouter, Request
from starlette.responses import Response

from iot_assets.serving.api.refused import RefusedError

_SECONDS: Final = 30.0
#: Headers that the intake reads; all others are between us and the sender.
_HEADERS: Final = ("content-type", "content-encoding")


def forwarding(intake: str) -> APIRouter:
    """The router of ``POST /data`` and ``POST /ingest/{source}``; ``intake`` is the lander's address."""
    router = APIRouter(tags=["send"])
    client = httpx.AsyncClient(base_url=intake, timeout=_SECONDS)

    async def hand_on(request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name in _HEADERS or name[:3] == "ce-"}
        query = f"?{request.url.query}" if request.url.query else ""
        try:
            answer = await client.post(f"{request.url.path}{query}", content=await request.body(), headers=headers)
        except httpx.HTTPError as error:
            raise RefusedError(
                503,
                f"the lander's intake at {intake} does not answer ({type(error).__name__}); send it again later",
                {"Retry-After": "5"},
            ) from error
        again = {"Retry-After": answer.headers["retry-after"]} if "retry-after" in answer.headers else {}
        return Response(answer.content, answer.status_code, again, answer.headers.get("content-type"))

    @router.post("/data", summary="Lines of epoch, name and value")
    async def post_data(request: Request) -> Response:
        """All lines of a body are taken, or none; 200 means that they are on disk."""
        return await hand_on(request)

    @router.post("/ingest/{source:path}", summary="Any payload of any convention")
    async def post_ingest(request: Request, source: str) -> Response:
        """Landed as it is, on the topic /ingest/{source}; 200 means that it is on disk."""
        del source
        return await hand_on(request)

    return router
