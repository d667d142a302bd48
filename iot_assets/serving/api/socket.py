"""Live readings over a WebSocket, ``/live``: what one wants can be changed while one listens.

One sends ``{"type": "subscribe", "id": "…", "devices": […], "metrics": […]}``, ``unsubscribe`` and ``ping``; back come
``subscribed``, ``unsubscribed``, ``pong``, ``readings``, ``missed`` and ``error``. Belongs here: that conversation.
Does not: the queue of one who is slow (``live/listener``).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from iot_assets.serving.api.refused import RefusedError
from iot_assets.serving.live.listener import Listener, Wanted
from iot_assets.serving.live.live import TooManyError

if TYPE_CHECKING:
    from iot_assets.serving.live.live import Live

_WAIT_SECONDS: Final = 15.0
_MOST_SUBSCRIPTIONS: Final = 100
_MOST_NAMES: Final = 10_000
#: Close codes: policy violation, and try again later.
_POLICY, _LATER = 1008, 1013


class _WrongError(Exception):
    """What one sent is not understood; the sentence says why."""


def socket(live: Live, most: int, origins: Collection[str]) -> APIRouter:
    """The router of ``/live``; of each listener at most so many readings are kept."""
    router = APIRouter(tags=["live"])

    @router.websocket("/live")
    async def listen(websocket: WebSocket) -> None:
        # A browser lets any page open one, whatever this server says of origins elsewhere.
        if not _from_here(websocket, origins):
            raise RefusedError(403, "this origin may not listen (server.cors_origins)")
        await run_in_threadpool(live.awake)
        await websocket.accept()
        listener = Listener(most)
        try:
            with live.heard_by(listener):
                await _converse(websocket, listener)
        except TooManyError:
            await websocket.close(_LATER, "as many listen as may (server.live.most_listeners)")
        except WebSocketDisconnect:
            pass

    return router


async def _converse(websocket: WebSocket, listener: Listener) -> None:
    """Until either side of the conversation ends."""
    sides = [asyncio.create_task(side(websocket, listener)) for side in (_answer, _tell)]
    try:
        done, _ = await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
        for side in done:
            side.result()
    finally:
        for side in sides:
            side.cancel()
        for side in sides:
            with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                await side


async def _tell(websocket: WebSocket, listener: Listener) -> None:
    while True:
        lost, news = await listener.heard(_WAIT_SECONDS)
        if lost:
            await websocket.send_text(f'{{"type": "missed", "readings": {lost}}}')
        if news:
            listed = ",".join(one.reading for one in news)
            await websocket.send_text(f'{{"type": "readings", "last_id": "{news[-1].id}", "readings": [{listed}]}}')


async def _answer(websocket: WebSocket, listener: Listener) -> None:
    subscriptions: dict[str, Wanted] = {}
    while True:
        try:
            reply = _reply(await websocket.receive_text(), subscriptions)
        except _WrongError as error:
            reply = {"type": "error", "error": str(error)}
        except KeyError:  # starlette's word for a message in bytes
            await websocket.close(_POLICY, "send JSON as text")
            return
        listener.wanted = tuple(subscriptions.values())
        await websocket.send_text(json.dumps(reply))


def _reply(text: str, subscriptions: dict[str, Wanted]) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError:
        raise _WrongError("that is no JSON") from None
    if not isinstance(said, dict):
        raise _WrongError('send an object, such as {"type": "subscribe"}')
    name = said.get("id", "")
    if not isinstance(name, str):
        raise _WrongError("id is a text")
    match said.get("type"):
        case "ping":
            return {"type": "pong", **({"id": name} if name else {})}
        case "subscribe":
            wanted = Wanted(_names(said, "devices"), _names(said, "metrics"))
            if name not in subscriptions and len(subscriptions) >= _MOST_SUBSCRIPTIONS:
                raise _WrongError(f"more than {_MOST_SUBSCRIPTIONS} subscriptions; unsubscribe from some first")
            subscriptions[name] = wanted
            return {"type": "subscribed", "id": name}
        case "unsubscribe":
            if subscriptions.pop(name, None) is None:
                raise _WrongError(f"there is no subscription {name!r}")
            return {"type": "unsubscribed", "id": name}
        case other:
            raise _WrongError(f"type {other!r} is none of subscribe, unsubscribe, ping")


def _names(said: dict[str, Any], key: str) -> frozenset[str]:
    names = said.get(key, [])
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names) or len(names) > _MOST_NAMES:
        raise _WrongError(f"{key} is a list of at most {_MOST_NAMES} texts")
    return frozenset(names)


def _from_here(websocket: WebSocket, origins: Collection[str]) -> bool:
    """Whether no page of somebody else's has opened it."""
    origin = websocket.headers.get("origin")
    return (
        origin is None
        or "*" in origins
        or origin in origins
        or urlsplit(origin).netloc == websocket.headers.get("host")
    )
