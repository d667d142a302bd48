"""One device: each of its metrics over time, with what broke a rule, when it was silent, and the bytes behind a point.

Belongs here: the page. Does not: how its chart is made (``metric_charts``).
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlencode

from nicegui import ui
from nicegui.events import EChartPointClickEventArguments, GenericEventArguments

from iot_assets.errors import IotAssetsError
from iot_assets.lake.paths import DataPaths
from iot_assets.model import EXCLUDING_FLAGS
from iot_assets.serving.dashboard.markup import Html, age, dot, duration, joined, link, measured, nothing, table, text
from iot_assets.serving.dashboard.metric_charts import MOST_POINTS, Drawn, stacked
from iot_assets.serving.reads.completeness import completeness
from iot_assets.serving.reads.device_events import device_events
from iot_assets.serving.reads.device_list import device_list
from iot_assets.serving.reads.hits import hits
from iot_assets.serving.reads.latest import latest
from iot_assets.serving.reads.question import Scope
from iot_assets.serving.reads.readings import readings
from iot_assets.serving.reads.rollups import WIDTHS, rollups
from iot_assets.serving.reads.unpublished import unpublished
from iot_assets.serving.trace import Figure, trace

if TYPE_CHECKING:
    from iot_assets.serving.dashboard.edition import Edition, Found, Row
    from iot_assets.serving.dashboard.filters import Filters
    from iot_assets.serving.dashboard.frame import Frame, Panel, Show

#: Messages shown behind a point.
_BEHIND: Final = 20
_COARSEST: Final = "1d"
_WIDTH_NAMES: Final = {"1min": "minute", "1h": "hour", "1d": "day"}


async def ask(edition: Edition, filters: Filters) -> Found:
    """What is shown of a publication; nothing but an empty ``device`` where there is none of this name."""
    names, span = (filters.id,), edition.span(filters)
    known = await edition.answers(device=device_list(device_id=filters.id, most=1), newest=latest(names))
    if not known["device"]:
        return known
    scope = Scope(names, (), *span)
    width = _width(span, known["device"][0]["interval_s"])
    questions = {
        "points": readings(scope) if width == "raw" else rollups(scope, width),
        "events": device_events(names, first=span[0], after=span[1]),
        "hits": hits(scope),
    }
    if edition.holds("gold.quality_hourly"):
        questions["hours"] = completeness(names, first=span[0], after=span[1])
    return {"hours": []} | known | await edition.answers(**questions)


def build(frame: Frame) -> Show:
    """Put the panels; the answer fills them."""
    name = frame.filters.id
    facts = frame.panel(wide=True)
    values = frame.chart(
        "Readings", height=360, wide=True, note="scroll on the chart, or drag the ends below it, to zoom"
    )
    behind = frame.panel("Messages behind a point", wide=True)
    behind.show(nothing("Click a point of the chart to see the messages that it is made of."))
    happened = frame.panel("Events")
    broken = frame.panel("Rules broken")
    assert values.chart is not None
    shown = {"width": "raw"}

    tail = frame.unpublished()

    async def show(found: Found) -> None:
        span = frame.span()
        if not found["device"]:
            facts.show(nothing(f"There is no device {name!r}." if name else "No device is named in the address."))
            values.draw(None, empty="")
            return
        (own,) = found["device"]
        width = shown["width"] = _width(span, own["interval_s"])
        published = {row["message_id"] for row in found["points"]} if width == "raw" else set()
        until_now = not frame.filters.first
        coming = await tail.rows(unpublished(Scope((name,), (), span[0])), frame.edition) if until_now else []
        coming = [row for row in coming if row["message_id"] not in published]
        newest = _newest(found["newest"], coming)
        points = _points(
            found["points"] + coming if width == "raw" else found["points"],
            width,
            valid_only=frame.filters.quality == "valid",
        )
        if points and until_now:
            span = (span[0], max(span[1], points[-1]["at"]))
        drawn = Drawn(
            span, width, sorted(row["metric"] for row in newest if row["value"] is not None),
            {row["metric"]: row["unit"] for row in newest}, points, found["hits"],
            [row["hour_at"] for row in found["hours"] if not row["completeness"]], found["events"],
        )  # fmt: skip
        ways = joined(_ways(frame, span, width, len(coming)), frame.export(_export(name, span, width)))
        facts.show(joined(_facts(frame, own, newest), ways))
        if values.chart is not None and points:
            values.chart.style(f"height: {drawn.height}px")
        values.draw(
            stacked(drawn) if points else None, empty="No readings in this time. A longer time, above, may show some."
        )
        happened.show(_events(found["events"], frame.now))
        broken.show(_hits(found["hits"]))

    _listen(frame, values, behind, shown)
    return show


def _listen(frame: Frame, values: Panel, behind: Panel, shown: dict[str, str]) -> None:
    """Zooming and clicking."""
    assert values.chart is not None

    async def zoom(_: GenericEventArguments) -> None:
        assert values.chart is not None
        told = await values.chart.run_chart_method("getOption", timeout=3)
        bounds = _zoomed(told, frame.span())
        if bounds is None:
            return
        frame.filters = replace(frame.filters, first=bounds[0].isoformat(), after=bounds[1].isoformat())
        address = frame.filters.address("device")
        ui.run_javascript(f"history.replaceState(null, '', {address!r})")
        await frame.refresh()

    async def look(event: EChartPointClickEventArguments) -> None:
        at = cast("list[float]", event.value)[0]
        metric = str(event.series_name).split(" ·")[0]
        instant = datetime.fromtimestamp(float(at) / 1000, UTC)
        behind.show(await _behind(frame, frame.filters.id, metric, instant, shown["width"]))

    values.chart.on("chart:datazoom", zoom, args=[], throttle=0.4, leading_events=False)
    values.chart.on_point_click(look)


def _points(rows: list[Row], width: str, *, valid_only: bool) -> list[Row]:
    """Readings or rollups, each with metric, at, value, least, most and whether it counts, in the order of time."""
    if width == "raw":
        excluding = set(EXCLUDING_FLAGS)
        points = [
            {"metric": row["metric"], "at": row["event_at"], "value": row["value"], "least": row["value"],
             "most": row["value"], "flags": row["flags"], "counts": not excluding & set(row["flags"])}
            for row in rows if row["value"] is not None
        ]  # fmt: skip
        if valid_only:
            points = [point for point in points if point["counts"]]
    else:
        points = [
            {"metric": row["metric"], "at": row["bucket_at"], "value": row["mean"], "least": row["min"],
             "most": row["max"], "flags": [], "counts": True}
            for row in rows if row["mean"] is not None
        ]  # fmt: skip
    return sorted(points, key=lambda point: point["at"])


def _newest(published: list[Row], coming: list[Row]) -> list[Row]:
    """The newest reading of each metric, published or not."""
    found = {row["metric"]: row for row in published}
    for row in coming:
        if row["metric"] not in found or found[row["metric"]]["event_at"] <= row["event_at"]:
            found[row["metric"]] = row
    return [found[metric] for metric in sorted(found)]


def _width(span: tuple[datetime, datetime], interval: float | None) -> str:
    """The finest resolution with no more points than one can look at."""
    seconds = (span[1] - span[0]).total_seconds()
    if seconds / (interval or 10) <= MOST_POINTS:
        return "raw"
    return next((width for width, each in WIDTHS.items() if seconds / each <= MOST_POINTS), _COARSEST)


def _zoomed(told: Any, span: tuple[datetime, datetime]) -> tuple[datetime, datetime] | None:
    """Where the chart was zoomed to; none where that is what is shown already."""
    try:
        zoom = told["dataZoom"][0]
        bounds = tuple(datetime.fromtimestamp(float(zoom[key]) / 1000, UTC) for key in ("startValue", "endValue"))
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    first, after = bounds[0].replace(microsecond=0), bounds[1].replace(microsecond=0)
    if after - first < timedelta(seconds=10):
        after = first + timedelta(seconds=10)
    moved = abs((first - span[0]).total_seconds()) + abs((after - span[1]).total_seconds())
    return (first, after) if moved > (span[1] - span[0]).total_seconds() / 100 else None


def _ways(frame: Frame, span: tuple[datetime, datetime], width: str, coming: int) -> Html:
    """Links to other times: what zooming with a pointer does, for who has none."""
    first, after = span
    length = after - first

    def to(begins: datetime, ends: datetime) -> str:
        return frame.filters.address("device", first=begins.isoformat(), after=ends.isoformat())

    links = [
        link(to(first - length / 2, after - length / 2), "‹ Earlier"),
        link(to(first + length / 2, after + length / 2), "Later ›"),
        link(to(first + length / 4, after - length / 4), "Zoom in"),
        link(to(first - length / 2, after + length / 2), "Zoom out"),
    ]
    if frame.filters.first:
        links.append(link(frame.filters.address("device", first="", after=""), "Now"))
    shown = "each reading" if width == "raw" else f"mean, least and greatest of each {_WIDTH_NAMES[width]}"
    if coming:
        shown += f"; {coming:,} of them not published yet" if width == "raw" else f"; {coming:,} readings are to come"
    return Html(f'<nav class="ways" aria-label="Time">{"".join(links)}<span class="none">{shown}</span></nav>')


def _export(name: str, span: tuple[datetime, datetime], width: str) -> str:
    times = {"from": span[0].isoformat(), "to": span[1].isoformat()}
    return "readings?" + urlencode({"device": name, "resolution": width, "limit": "100000", **times})


def _facts(frame: Frame, row: Row, newest: list[Row]) -> Html:
    told = {
        "State": joined(dot(row["state"]), Html(f" for {escape(duration(_since(row, frame.now)))}")),
        "Kind": row["kind"], "Site": row["site"], "Model": row["model"], "Firmware": row["firmware"],
        "Interval": f"{row['interval_s']:g} s" if row["interval_s"] else None,
        "Battery": f"{row['battery']:.0f} %" if row["battery"] is not None else None,
        "Heard": age(row["last_received_at"], frame.now),
    }  # fmt: skip
    told |= {one["metric"]: measured(one["value"], one["value_text"], one["unit"]) for one in newest}
    listed = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{text(value)}</dd></div>" for name, value in told.items() if value is not None
    )
    return Html(f'<dl class="facts">{listed}</dl>')


def _since(row: Row, now: datetime) -> float:
    return max((now - row["since_at"]).total_seconds(), 0) if row["since_at"] else 0


def _events(rows: list[Row], now: datetime) -> Html:
    shown = [(row["happened_at"], dot(row["kind"]), age(row["happened_at"], now)) for row in rows[:30]]
    return table("Events", ("When", "State from then on", "Ago"), shown, empty="Nothing happened in this time.")


def _hits(rows: list[Row]) -> Html:
    shown = [(row["event_at"], row["metric"], row["rule"], row["value"], row["bound"]) for row in rows[:30]]
    return table("Rules broken", ("When", "Metric", "Rule", "Value", "Limit"), shown, empty="No rule was broken.")


async def _behind(frame: Frame, name: str, metric: str, at: datetime, width: str) -> Html:
    source = "silver.readings" if width == "raw" else f"gold.readings_{width}"
    figure = Figure(source, name, metric, at)
    paths = DataPaths(frame.house.settings.data_dir)
    try:
        found = await asyncio.to_thread(trace, paths, figure, _BEHIND)
    except IotAssetsError as error:
        return nothing(str(error))
    rows = [
        (row["event_at"], measured(row["value"], row["value_text"], row["unit"]), row["flags"] or None, row["topic"],
         _payload(row["payload"]), row["file"])
        for row in found
    ]  # fmt: skip
    columns = ("Measured", "Value", "Flags", "Topic", "Payload", "File in the lake")
    return table(f"Messages behind {metric}", columns, rows, empty="There is none.")


def _payload(raw: bytes | None) -> Html:
    if raw is None:
        return text(None)
    try:
        said = bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        said = bytes(raw).hex(" ")
    return Html(f"<code>{escape(said[:300])}{'…' if len(said) > 300 else ''}</code>")
