"""What the intake answers: one shape for yes, one for no.

Belongs here: the two shapes, and what is raised to say no. Does not: when (``app.py``, ``bodies.py``).
"""

from __future__ import annotations

import http
from collections.abc import Mapping
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

#: The body is durable. Reused: it holds nothing of a request.
DONE: Final = Response(b'{"success": true}', media_type="application/json")

_RETRY_SECONDS: Final = {http.HTTPStatus.TOO_MANY_REQUESTS: "1", http.HTTPStatus.SERVICE_UNAVAILABLE: "5"}


class RefusedError(HTTPException):
    """A request is answered with no: which status, why, and in which line of the body if it is about one."""

    def __init__(self, status: int, why: str, *, line: int | None = None) -> None:
        self.line = line
        super().__init__(status, why)


def refusal(
    status: int, why: str, *, line: int | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The answer no; with an invitation to come again where the fault is not the sender's."""
    again = {"Retry-After": _RETRY_SECONDS[http.HTTPStatus(status)]} if status in _RETRY_SECONDS else {}
    return JSONResponse({"success": False, "error": why, "line": line}, status, {**again, **(headers or {})})
