"""The addresses of the API that give data: what each takes, and which question it asks.

Belongs here: parameters and their meanings, as the page ``/docs`` shows them. Does not: SQL (``reads``), how rows
become a body (``answers``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from iot_assets.serving.api.answers import Answers
from iot_assets.serving.api.refused import RefusedError
from iot_assets.serving.api.times import span
from iot_assets.serving.reads.data import data
from iot_assets.serving.reads.devices import device, devices
from iot_assets.serving.reads.latest import latest
from iot_assets.serving.reads.question import Question, Scope
from iot_assets.serving.reads.readings import readings
from iot_assets.serving.reads.rejects import rejects
from iot_assets.serving.reads.rollups import STATISTICS, WIDTHS, rollups, series
from iot_assets.serving.reads.thinned import valid_values

Devices = Annotated[list[str] | None, Query(alias="device", description="A device; several may be named. All without.")]
Metrics = Annotated[list[str] | None, Query(alias="metric", description="A metric; several may be named.")]
From = Annotated[
    str | None, Query(alias="from", description="A day, 2022-04-14, or an instant, 2022-04-14T13:10:17Z; included.")
]
To = Annotated[str | None, Query(description="A day, which is included, or an instant, which is not.")]
Form = Annotated[
    str | None,
    Query(alias="format", description="json, csv, ndjson, arrow or parquet; else as the header Accept says."),
]
Limit = Annotated[int | None, Query(description="Most rows of this page; 1,000 without.")]
Cursor = Annotated[str | None, Query(description="Where the page begins: `next` of the page before.")]

#: So many points a series are enough to be looked at: what resolution ``auto`` aims for.
_POINTS: Final = 2_000
_MOST_POINTS: Final = 10_000


def readings_addresses(answers: Answers) -> APIRouter:
    """The router of what was measured."""
    router = APIRouter(tags=["readings"])

    @router.get("/data", summary="Names, times and values")
    def get_data(request: Request, first: From = None, to: To = None, form: Form = None) -> Response:
        """Every numeric reading that counts, and derived daily values at midnight UTC, sorted by time, then name."""
        if not first or not to:
            raise RefusedError(400, "say from when and to when: /data?from=2022-04-14&to=2022-04-15")
        asked = data(_scope(None, None, first, to), derived=answers.pool.holds("gold.derived_1d"))
        columns = "name, time, value"
        return answers.whole(request, asked, form=form, columns=columns, decimals=3)

    @router.get("/latest", summary="The newest reading of each device and metric")
    def get_latest(
        request: Request,
        *,
        device: Devices = None,
        metric: Metrics = None,
        form: Form = None,
        limit: Limit = None,
        cursor: Cursor = None,
        live: Annotated[
            bool | None,
            Query(description="With what is not published yet; without a word where a lander's spool is at hand."),
        ] = None,
    ) -> Response:
        """By event time."""
        sees = answers.sees_live(wanted=live)
        asked = latest(tuple(device or ()), tuple(metric or ()), live=sees)
        return answers.page(request, asked, form=form, limit=limit, cursor=cursor, live=sees)

    @router.get("/readings", summary="Readings, or a figure of them by minute, hour or day")
    def get_readings(
        request: Request,
        *,
        device: Devices = None,
        metric: Metrics = None,
        first: From = None,
        to: To = None,
        resolution: Annotated[
            str, Query(description="raw, 1min, 1h, 1d, or auto: as fine as can be looked at.")
        ] = "raw",
        aggregate: Annotated[str, Query(description=f"Of what is not raw: {', '.join(STATISTICS)}.")] = "mean",
        form: Form = None,
        limit: Limit = None,
        cursor: Cursor = None,
        live: Annotated[bool, Query(description="Raw readings with those that are not published yet.")] = False,
        points: Annotated[
            int | None,
            Query(
                description="Of each series at most so many points that count, those which keep its shape; no pages."
            ),
        ] = None,
    ) -> Response:
        """Raw readings with flags and messages, excluded ones too; else `value` is the figure of each bucket."""
        scope = _scope(device, metric, first, to)
        chosen = _resolution(scope, resolution)
        sees = answers.sees_live(wanted=live) and chosen == "raw"
        if points is not None:
            if not 3 <= points <= _MOST_POINTS:
                raise RefusedError(400, f"points={points} is not between 3 and {_MOST_POINTS}")
            if chosen == "raw":
                values, time = valid_values(scope, live=sees), "event_at"
            else:
                figures = _figures(scope, chosen, aggregate)
                values, time = f"select device_id, metric, bucket_at as moment, value from ({figures.sql})", "bucket_at"
            return answers.thinned(request, values, points, time=time, form=form, live=sees)
        asked = readings(scope, live=sees) if chosen == "raw" else _figures(scope, chosen, aggregate)
        return answers.page(request, asked, form=form, limit=limit, cursor=cursor, live=sees)

    @router.get("/rollups", summary="All figures by minute, hour or day")
    def get_rollups(
        request: Request,
        *,
        device: Devices = None,
        metric: Metrics = None,
        first: From = None,
        to: To = None,
        resolution: Annotated[str, Query(description="1min, 1h or 1d.")] = "1h",
        form: Form = None,
        limit: Limit = None,
        cursor: Cursor = None,
    ) -> Response:
        """n, mean, min, max, sum, first and last of each bucket."""
        if resolution not in WIDTHS:
            raise RefusedError(400, f"resolution={resolution!r} is none of {', '.join(WIDTHS)}")
        asked = rollups(_scope(device, metric, first, to), resolution)
        return answers.page(request, asked, form=form, limit=limit, cursor=cursor)

    return router


def devices_addresses(answers: Answers) -> APIRouter:
    """The router of who sends, and of what could not be read of it."""
    router = APIRouter(tags=["devices"])

    @router.get("/devices", summary="What is known of the devices")
    def get_devices(
        request: Request,
        *,
        kind: str | None = None,
        site: str | None = None,
        state: Annotated[str | None, Query(description="online, late, offline or never_seen.")] = None,
        band: Annotated[str | None, Query(description="Quality of its newest day: good, warning, critical.")] = None,
        search: Annotated[str | None, Query(description="A part of name, kind, model or site.")] = None,
        form: Form = None,
        limit: Limit = None,
        cursor: Cursor = None,
    ) -> Response:
        """Registry, announcements and readings together, as they hold now."""
        asked = devices(kind=kind, site=site, state=state, band=band, search=search)
        return answers.page(request, asked, form=form, limit=limit, cursor=cursor)

    @router.get("/devices/{device_id:path}", summary="One device with its newest values")
    def get_device(device_id: str) -> Response:
        """What is known of it, and its newest reading of each metric."""
        found = answers.objects(device(device_id))
        if not found:
            raise RefusedError(404, f"there is no device {device_id!r}; /devices lists them")
        live = answers.sees_live(wanted=None)
        return JSONResponse(found[0] | {"latest": answers.objects(latest((device_id,), live=live), live=live)})

    @router.get("/rejects", summary="What could not be decoded, the newest first")
    def get_rejects(
        request: Request,
        *,
        reason: str | None = None,
        topic: Annotated[str | None, Query(description="May hold the wildcards * and ?.")] = None,
        first: From = None,
        to: To = None,
        form: Form = None,
        limit: Limit = None,
        cursor: Cursor = None,
    ) -> Response:
        """With the bytes as they came."""
        start, after = span(first, to)
        asked = rejects(reason=reason, topic=topic, first=start, after=after)
        return answers.page(request, asked, form=form, limit=limit, cursor=cursor, newest_first=True)

    return router


def _scope(devices: list[str] | None, metrics: list[str] | None, first: str | None, to: str | None) -> Scope:
    start, after = span(first, to)
    return Scope(tuple(devices or ()), tuple(metrics or ()), start, after)


def _figures(scope: Scope, resolution: str, aggregate: str) -> Question:
    if resolution not in WIDTHS:
        raise RefusedError(400, f"resolution={resolution!r} is none of auto, raw, {', '.join(WIDTHS)}")
    if aggregate not in STATISTICS:
        raise RefusedError(400, f"aggregate={aggregate!r} is none of {', '.join(STATISTICS)}")
    return series(scope, resolution, aggregate)


def _resolution(scope: Scope, asked: str) -> str:
    """The resolution that is asked for; of ``auto`` the finest rollup with no more points than one can look at."""
    if asked != "auto":
        return asked
    if scope.first is None:
        return "1d"
    after = scope.after or datetime.now(UTC)
    seconds = (after - scope.first).total_seconds()
    return next((name for name, width in WIDTHS.items() if seconds / width <= _POINTS), "1d")
