"""Live readings over HTTP: ``GET /events``, as server-sent events.

Belongs here: the stream's wording, and picking up where a reader left off. Does not: what is told (``live/news``), the
queue of a reader who is slow (``live/listener``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Header, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from iot_assets.serving.api.refused import RefusedError
from iot_assets.serving.live.listener import Listener, Wanted
from iot_assets.serving.live.live import TooManyError
from iot_assets.serving.live.news import REACH, News, Place, place_of, since
from iot_assets.serving.reads.question import Scope

if TYPE_CHECKING:
    from iot_assets.serving.live.live import Live

#: Something is sent at least so often, so that nobody between takes the connection for dead.
_KEEP_ALIVE_SECONDS: Final = 15.0
_FULL: Final = "as many listen as may (server.live.most_listeners); come again later"

LastId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", description="The id of the last event that one has: what came since is told first."),
]


def events(live: Live, most: int) -> APIRouter:
    """The router of ``/events``; of each reader at most so many readings are kept."""
    router = APIRouter(tags=["live"])

    @router.get("/events", summary="Readings as they arrive, as server-sent events")
    async def get_events(
        device: Annotated[list[str] | None, Query(description="A device; several may be named. All without.")] = None,
        metric: Annotated[list[str] | None, Query(description="A metric; several may be named.")] = None,
        last_event_id: LastId = None,
    ) -> Response:
        """Events `reading` with JSON; `missed` says how many were dropped because they were not taken in time."""
        place = place_of(last_event_id) if last_event_id else None
        if last_event_id and place is None:
            raise RefusedError(400, f"Last-Event-ID {last_event_id!r} is none that was given here")
        await run_in_threadpool(live.awake)
        stream = _told(live, Scope(tuple(device or ()), tuple(metric or ())), place, most)
        try:
            first = await anext(stream)  # so that a refusal still can be one
        except TooManyError:
            raise RefusedError(503, _FULL, {"Retry-After": "10"}) from None
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(_chained(first, stream), media_type="text/event-stream", headers=headers)

    return router


async def _chained(first: str, rest: AsyncIterator[str]) -> AsyncIterator[str]:
    yield first
    async for piece in rest:
        yield piece


async def _told(live: Live, scope: Scope, place: Place | None, most: int) -> AsyncIterator[str]:
    listener = Listener(most, [Wanted(frozenset(scope.devices), frozenset(scope.metrics))])
    with live.heard_by(listener):
        yield "retry: 2000\n\n"
        known: set[str] = set()
        if place is not None:
            now = datetime.now(UTC)
            if place.received_at < now - REACH:
                yield _event("missed", '{"readings": null}')
            replayed = await run_in_threadpool(_since, live, scope, place, now, most)
            known = {one.id for one in replayed}
            if replayed:
                yield _readings(replayed)
        while True:
            lost, news = await listener.heard(_KEEP_ALIVE_SECONDS)
            if lost:
                yield _event("missed", f'{{"readings": {lost}}}')
            # What came while the past was being read is told once.
            news = [one for one in news if one.id not in known]
            yield _readings(news) if news else ": still here\n\n"


def _since(live: Live, scope: Scope, place: Place, now: datetime, most: int) -> list[News]:
    with live.cursor() as cursor:
        return since(cursor, scope, place, now=now, most=most)


def _readings(news: Iterable[News]) -> str:
    return "".join(_event("reading", one.reading, one.id) for one in news)


def _event(kind: str, data: str, name: str | None = None) -> str:
    """One event; JSON has no line breaks, so one line of data holds it."""
    return f"event: {kind}\n" + (f"id: {name}\n" if name is not None else "") + f"data: {data}\n\n"
