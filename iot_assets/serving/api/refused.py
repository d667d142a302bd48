"""Saying no: one exception, one shape of answer, the same as the lander's intake gives."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse


class RefusedError(HTTPException):
    """A request is answered with this status and a sentence that says what to do."""


def refusal(status: int, why: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer no."""
    return JSONResponse({"success": False, "error": why}, status, headers)
