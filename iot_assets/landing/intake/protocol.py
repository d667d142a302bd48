"""One connection: uvicorn's HTTP with the bounds that it does not keep by itself, and refusals of our shape.

Belongs here: how many connections, how long and how large the head of a request may be. Does not: bodies
(``bodies.py``). The methods that are overridden are those of asyncio and of the parser's callbacks; a test holds each
bound against the installed version.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from iot_assets.landing.intake.answers import refusal

HEAD_SECONDS: Final = 10.0
"""A request's head must be complete in so long, or the connection is closed."""
HEAD_BYTES: Final = 65536


class BoundedProtocol(HttpToolsProtocol):
    """Made by the server for each connection."""

    most_connections: ClassVar[int]
    _head_bytes: int | None = None
    """Of the head that is being received; None between heads."""
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection too many is let in only to be told so."""
        super().connection_made(transport)
        if len(self.connections) > self.most_connections:
            self.app = refusal(
                503,
                f"{self.most_connections} connections are open already; come again later",
                headers={"Connection": "close"},
            )
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is left to wait for."""
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of a request."""
        if self._head_bytes is not None:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self.send_400_response("The head of the request is too large.")
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._head_bytes = 0
        self._arm()

    def on_headers_complete(self) -> None:
        """A head ends."""
        self._head_bytes = None
        self._disarm()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """What has come is no HTTP."""
        answer = refusal(400, msg[:1].lower() + msg[1:].rstrip("."), headers={"Connection": "close"})
        head = b"".join(b"%s: %s\r\n" % pair for pair in answer.raw_headers)
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + head + b"\r\n" + bytes(answer.body))
        self.transport.close()

    def _arm(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _disarm(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
