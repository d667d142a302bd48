"""A request's body: read within its bounds, and looked into where it is compressed.

Belongs here: bounds of size, memory and time; content encodings. Does not: what is in the body (``lines.py``).
"""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING, Final

from iot_assets.landing.intake.answers import RefusedError

if TYPE_CHECKING:
    from starlette.requests import Request

    from iot_assets.settings import Http

ENCODINGS: Final = ("gzip", "x-gzip", "deflate")
"""Content encodings that are known, besides none."""
_DIGITS: Final = 20
"""So many of a number's digits are enough to see that it is too large."""
_GZIP_OR_ZLIB: Final = 47
"""To zlib: whichever of the two headers there is."""


class BodyReader:
    """Reads bodies of up to ``most`` bytes, all of them together within a bound. Belongs to the server's thread."""

    def __init__(self, http: Http, most: int) -> None:
        self._http, self._most = http, most
        self._held = 0
        """Bytes of bodies that are being received, or wait to be durable."""

    async def read(self, request: Request) -> bytes:
        """The whole body; it counts as held until ``release`` is called with its size.

        Raises:
            RefusedError: it is too large, too slow, or all that is held together is too much.
        """
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared[:_DIGITS]) > self._most:
            raise self._too_large()
        pieces: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._http.body_seconds):
                async for piece in request.stream():
                    pieces.append(piece)
                    size += len(piece)
                    self._held += len(piece)
                    self._expect_room(size)
        except BaseException as error:
            self.release(size)
            if isinstance(error, TimeoutError):
                raise RefusedError(408, f"the body was not complete after {self._http.body_seconds:g} s") from None
            raise
        return b"".join(pieces)

    def release(self, size: int) -> None:
        """A body of this size is held no longer."""
        self._held -= size

    def unpacked(self, body: bytes, encoding: str) -> bytes:
        """The body as it was before it was compressed, which has the same bound.

        Raises:
            RefusedError: the encoding is not known, the body is not encoded so, or it is too large.
        """
        if encoding in ("", "identity"):
            return body
        if encoding not in ENCODINGS:
            raise RefusedError(415, f"content encoding {encoding!r} is not known; gzip and deflate are")
        unpacking = zlib.decompressobj(_GZIP_OR_ZLIB)
        try:
            plain = unpacking.decompress(body, self._most + 1)
        except zlib.error as error:
            raise RefusedError(400, f"the body is not {encoding}, as its content encoding says: {error}") from error
        if len(plain) > self._most:
            raise self._too_large()
        if not unpacking.eof:
            raise RefusedError(400, f"the body ends within its {encoding} data")
        if unpacking.unused_data:
            raise RefusedError(400, f"the body goes on after the end of its {encoding} data")
        return plain

    def _expect_room(self, size: int) -> None:
        if size > self._most:
            raise self._too_large()
        if self._held > self._http.in_flight_bytes:
            raise RefusedError(429, "too much is being received at once; send it again in a moment")

    def _too_large(self) -> RefusedError:
        return RefusedError(413, f"the body is larger than {self._most} bytes; send it in parts")
