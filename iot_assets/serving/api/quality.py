"""The addresses of how good the data are: scores by day, counters by hour, and what a score lost points for.

Belongs here: parameters and their meanings. Does not: SQL (``reads/quality``).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from iot_assets.serving.api.addresses import Cursor, Devices, Form, From, Limit, Metrics, To
from iot_assets.serving.api.answers import Answers
from iot_assets.serving.api.refused import RefusedError
from iot_assets.serving.api.times import first_instant, span
from iot_assets.serving.reads import quality
from iot_assets.serving.reads.question import Scope

Names = Annotated[list[str] | None, Query(alias="name", description="A device, site or route; several may be named.")]
Bands = Annotated[list[str] | None, Query(alias="band", description="Only of this band; several may be named.")]
Day = Annotated[str | None, Query(description="A day (UTC), 2022-04-14; included.")]


def quality_addresses(answers: Answers) -> APIRouter:
    """The router of ``/quality``."""
    router = APIRouter(tags=["quality"])

    @router.get("/quality", summary="Scores from 0 to 100 by day")
    def get_quality(
        request: Request,
        *,
        scope: Annotated[list[str] | None, Query(description=f"{', '.join(quality.SCOPES)}; all without.")] = None,
        name: Names = None,
        band: Bands = None,
        first: Annotated[str | None, Query(alias="from", description="A day (UTC); the newest without either.")] = None,
        to: Day = None,
        form: Form = None,
        limit: Limit = None,
        cursor: Cursor = None,
    ) -> Response:
        """Completeness, validity, uniqueness, timeliness and consistency, with the counters they are made from."""
        for one in scope or ():
            if one not in quality.SCOPES:
                raise RefusedError(400, f"scope={one!r} is none of {', '.join(quality.SCOPES)}")
        asked = quality.scores(
            scopes=tuple(scope or ()),
            names=tuple(name or ()),
            bands=tuple(band or ()),
            first=_day(first, "from"),
            last=_day(to, "to"),
        )
        return answers.page(request, asked, form=form, limit=limit, cursor=cursor)

    @router.get("/quality/hours", summary="What was expected and what came, by device, metric and hour")
    def get_hours(
        request: Request,
        *,
        device: Devices = None,
        metric: Metrics = None,
        band: Bands = None,
        first: From = None,
        to: To = None,
        form: Form = None,
        limit: Limit = None,
        cursor: Cursor = None,
    ) -> Response:
        """Expected, received, valid, duplicates, late, rejected, gaps, completeness, and the band."""
        start, after = span(first, to)
        asked = quality.hours(Scope(tuple(device or ()), tuple(metric or ()), start, after), bands=tuple(band or ()))
        return answers.page(request, asked, form=form, limit=limit, cursor=cursor)

    @router.get("/quality/reasons", summary="What a device's score of a day lost points for")
    def get_reasons(
        request: Request,
        *,
        device: Annotated[str, Query(description="The device.")],
        day: Annotated[str, Query(description="The day (UTC), 2022-04-14.")],
        form: Form = None,
    ) -> Response:
        """Missing readings, duplicates, late ones, rule hits and rejects, each with where and when: all of them."""
        asked = quality.reasons(device, first_instant(day, "day").date())
        return answers.whole(request, asked, form=form, columns="happened_at, what, metric, detail, message_id")

    return router


def _day(text: str | None, name: str) -> date | None:
    return None if text is None else first_instant(text, name).date()
