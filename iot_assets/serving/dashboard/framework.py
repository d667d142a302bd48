"""The framework's own files (scripts, styles), kept as they are sent: compressed once, not for each browser anew.

Belongs here: keeping these answers. Does not: anything that changes; the addresses of these files name their version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: So many answers are kept, a megabyte or two in all; pages need about twenty.
_MOST: Final = 60
#: What asks for a part, or only for what has changed, is no plain answer.
_CONDITIONS: Final = frozenset({b"range", b"if-none-match", b"if-modified-since"})


class Framework:
    """Answers what begins with ``prefix`` as it was answered before."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app, self._prefix = app, prefix
        self._kept: dict[tuple[str, bool], list[Message]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through the first time."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(self._prefix):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if _CONDITIONS & headers.keys() or scope["query_string"]:
            await self._app(scope, receive, send)
            return
        key = (scope["path"], b"gzip" in headers.get(b"accept-encoding", b""))
        answer = self._kept.get(key)
        if answer is not None:
            for message in answer:
                await send(message)
            return
        answer = []

        async def sent(message: Message) -> None:
            answer.append(message)
            await send(message)

        await self._app(scope, receive, sent)
        if answer and answer[0].get("status") == 200 and len(self._kept) < _MOST:
            # The id is that of one request.
            answer[0]["headers"] = [pair for pair in answer[0]["headers"] if pair[0] != b"x-request-id"]
            self._kept[key] = answer
