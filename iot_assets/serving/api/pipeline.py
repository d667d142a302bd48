"""The addresses of how the data pass: messages by outcome, landed files, and the runs that took them.

Belongs here: parameters and their meanings. Does not: SQL (``reads``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from iot_assets.serving.api.addresses import Cursor, Form, From, Limit, To
from iot_assets.serving.api.answers import Answers
from iot_assets.serving.api.times import span
from iot_assets.serving.reads.files import files
from iot_assets.serving.reads.question import Question
from iot_assets.serving.reads.runs import runs
from iot_assets.serving.reads.throughput import throughput

Seconds = Annotated[int, Query(ge=60, le=86_400, description="Width of the buckets of time.")]


def pipeline_addresses(answers: Answers) -> APIRouter:
    """The router of ``/pipeline``."""
    router = APIRouter(prefix="/pipeline", tags=["pipeline"])

    def by_time(path: str, asking: Callable[..., Question], summary: str, description: str) -> None:
        @router.get(path, summary=summary, description=description, name=path.strip("/"))
        def get(
            request: Request,
            *,
            first: From = None,
            to: To = None,
            seconds: Seconds = 3600,
            form: Form = None,
            limit: Limit = None,
            cursor: Cursor = None,
        ) -> Response:
            start, after = _span(first, to)
            asked = asking(first=start, after=after, seconds=seconds)
            return answers.page(request, asked, form=form, limit=limit, cursor=cursor)

    by_time(
        "/messages",
        throughput,
        "Messages by time and outcome",
        "Of the last day without `from`; the outcome is telemetry, duplicate, rejected, not_telemetry or held.",
    )
    by_time(
        "/files", files, "Landed files by time: how many, how large, how long they took",
        "Of the last day without `from`, by when they were entered; seconds as median and 95th percentile.",
    )  # fmt: skip

    @router.get("/runs", summary="Runs of late, and what they checked")
    def get_runs(request: Request, *, form: Form = None, limit: Limit = None, cursor: Cursor = None) -> Response:
        """Each with its first and last check, and how many have failed."""
        return answers.page(request, runs(most=10_000), form=form, limit=limit, cursor=cursor)

    return router


def _span(first: str | None, to: str | None) -> tuple[datetime, datetime]:
    start, after = span(first, to)
    after = after or datetime.now(UTC)
    return start or after - timedelta(days=1), after
