"""The fleet as a whole: where it is, what it is made of, how its values go by time and by hour of the day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, timedelta
from html import escape
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from iot_assets.serving.dashboard.charts import (
    PALETTE,
    Options,
    bars,
    category_axis,
    chart,
    legend,
    line,
    millis,
    over_time,
    shares,
    value_axis,
)
from iot_assets.serving.dashboard.fleet_map import fleet_map
from iot_assets.serving.dashboard.markup import Html, unit_of
from iot_assets.serving.dashboard.overview import bucket_seconds
from iot_assets.serving.reads.device_counts import device_counts
from iot_assets.serving.reads.device_list import device_list
from iot_assets.serving.reads.energy import energy
from iot_assets.serving.reads.metric_list import metric_list
from iot_assets.serving.reads.question import Scope
from iot_assets.serving.reads.trend import trend

if TYPE_CHECKING:
    from datetime import datetime

    from nicegui.events import EChartPointClickEventArguments

    from iot_assets.serving.dashboard.edition import Edition, Found, Row
    from iot_assets.serving.dashboard.filters import Filters
    from iot_assets.serving.dashboard.frame import Frame, Panel, Show

_MOST_ON_MAP: Final = 5000
_POINTS: Final = 200
#: Up to this span the values are drawn by minutes, up to the next one by hours, beyond by days.
_BY_MINUTE: Final = timedelta(hours=6)
_BY_HOUR: Final = timedelta(days=14)


async def ask(edition: Edition, filters: Filters) -> Found:
    """What is shown of a publication."""
    span = edition.span(filters)
    like: dict[str, Any] = {"kind": filters.kind or None, "site": filters.site or None, "band": filters.band or None}
    found = await edition.answers(
        counts=device_counts(),
        listed=device_list(**like, most=_MOST_ON_MAP),
        metrics=metric_list(),
        energy=energy(first=min(span[0], span[1] - timedelta(days=7)), after=span[1], **like),
    )
    metric = filters.metric or _preferred(found["metrics"])
    hours = trend(Scope((), (metric,), max(span[0], span[1] - _BY_HOUR), span[1]), "1h", **like)
    length = span[1] - span[0]
    width = "1min" if length <= _BY_MINUTE else "1h" if length <= _BY_HOUR else "1d"
    values = hours if width == "1h" else trend(Scope((), (metric,), *span), width, **like)
    return found | await edition.answers(hours=hours, values=values)


def build(frame: Frame) -> Show:
    """Put the panels; the answer fills them."""
    tiles = frame.house.settings.server.map_tiles
    place = frame.chart("Map", height=400, note=frame.house.settings.server.map_attribution if tiles else "")
    kinds = frame.chart("Kinds", height=400)
    colours, metrics = frame.panel(), frame.panel()
    values = frame.chart("Over time", height=250, note="mean of all devices, by kind")
    hours = frame.chart("Hour of the day", height=250, note="mean in UTC, by kind")
    power = frame.chart("Energy by day", height=230, wide=True, note="kWh, from metrics of power, by kind")
    colours.show(_colours(frame))
    _open_on_click(frame, place)

    async def show(found: Found) -> None:
        span, chosen, counts, known = frame.span(), frame.filters, found["counts"], found["metrics"]
        kinds.draw(_kinds(counts, chosen), empty="No device is known yet.")
        paints = _paints(counts)
        place.draw(
            fleet_map(found["listed"], chosen.colour, paints, tiles),
            empty="No device says where it is (lat and lon in the registry).",
        )
        metric = chosen.metric or _preferred(known)
        what = f"{metric} {next((unit_of(row['unit']) for row in known if row['metric'] == metric), '')}"
        metrics.show(_metrics(frame, known, metric, span))
        values.draw(_over_time(found["values"], paints, what, span), empty="No readings in this time.")
        hours.draw(_by_hour(found["hours"], paints, what), empty="No readings in this time.")
        power.draw(_energy(found["energy"], paints), empty="No device tells its power (a metric in W, kW or MW).")

    return show


def _open_on_click(frame: Frame, place: Panel) -> None:
    assert place.chart is not None

    def look(event: EChartPointClickEventArguments) -> None:
        frame.go(frame.filters.address("device", id=str(event.name), metric=""))

    place.chart.on_point_click(look)


def _preferred(known: list[Row]) -> str:
    """What people look at first: temperatures, else what is most widespread; an empty text where there is nothing."""
    warm = [str(row["metric"]) for row in known if unit_of(row["unit"]) in {"°C", "°F"}]
    return next(iter([*warm, *(str(row["metric"]) for row in known)]), "")


def _colours(frame: Frame) -> Html:
    ways = (
        f'<a href="{escape(frame.filters.address("fleet", colour=by))}"'
        f"{' aria-current=true' if by == frame.filters.colour else ''}>colour by {by}</a>"
        for by in ("state", "kind")
    )
    return Html(f'<nav class="ways chosen" aria-label="Colours of the map">{"".join(ways)}</nav>')


def _metrics(frame: Frame, known: list[Row], metric: str, span: tuple[datetime, datetime]) -> Html:
    ways = "".join(
        f'<a href="{escape(frame.filters.address("fleet", metric=row["metric"]))}"'
        f"{' aria-current=true' if row['metric'] == metric else ''}>{escape(row['metric'])}</a>"
        for row in known[:12]
    )
    times = {"from": span[0].isoformat(), "to": span[1].isoformat()}
    query = urlencode({"metric": metric, "resolution": "1h", "limit": "100000", **times})
    return Html(f'<nav class="ways chosen" aria-label="Metric">{ways}</nav>{frame.export(f"rollups?{query}")}')


def _kinds(counts: list[Row], chosen: Filters) -> Options | None:
    by: dict[str, int] = defaultdict(int)
    paints = _paints(counts)
    for row in counts:
        if chosen.site in {"", row["site"]} and chosen.band in {"", row["band"]}:
            by[row["kind"] or "no kind"] += row["devices"]
    parts: list[tuple[str, float, str | None]] = [
        (kind, by[kind], paints[kind]) for kind in sorted(by, key=lambda k: -by[k])
    ]
    return shares(parts, description="Devices by kind.", middle=f"{sum(by.values()):,}") if parts else None


def _paints(counts: list[Row]) -> dict[str, str]:
    """A colour for each kind, the same in all charts."""
    kinds = sorted({row["kind"] or "no kind" for row in counts})
    return {kind: PALETTE[place % len(PALETTE)] for place, kind in enumerate(kinds)}


def _by_kind(rows: list[Row]) -> dict[str, list[Row]]:
    found = defaultdict(list)
    for row in rows:
        found[row["kind"] or "no kind"].append(row)
    return found


def _means(rows: list[Row], key: Callable[[datetime], Any]) -> dict[str, dict[Any, float]]:
    """Kind → what ``key`` makes of the time → mean of all readings, in the order of time."""
    sums: dict[str, dict[Any, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0]))
    for row in rows:
        place = sums[row["kind"] or "no kind"][key(row["at"])]
        place[0] += row["total"]
        place[1] += row["readings"]
    return {kind: {at: round(total / n, 4) for at, (total, n) in own.items()} for kind, own in sums.items()}


def _over_time(rows: list[Row], paints: dict[str, str], what: str, span: tuple[datetime, datetime]) -> Options | None:
    if not rows:
        return None
    step = bucket_seconds(span, _POINTS) * 1000
    series = [
        line(kind, [[at, mean] for at, mean in own.items()], showSymbol=len(own) < 3, color=paints.get(kind))
        for kind, own in _means(rows, lambda at: millis(at) // step * step).items()
    ]
    return over_time(series, description=f"Mean {what} by kind of device.", unit=what, span=span)


def _by_hour(rows: list[Row], paints: dict[str, str], what: str) -> Options | None:
    if not rows:
        return None
    series = [
        line(
            kind, [means.get(hour) for hour in range(24)], smooth=0.3, showSymbol=len(means) < 3, color=paints.get(kind)
        )
        for kind, means in _means(rows, lambda at: at.astimezone(UTC).hour).items()
    ]
    return chart(
        description=f"Mean {what} at each hour of the day by kind of device.",
        legend=legend(),
        grid={"left": 8, "right": 12, "top": 52, "bottom": 4, "containLabel": True},
        xAxis=category_axis([f"{hour:02d}" for hour in range(24)]),
        yAxis=value_axis(what),
        series=series,
    )


def _energy(rows: list[Row], paints: dict[str, str]) -> Options | None:
    if not rows:
        return None
    series = [
        bars(
            kind, [[millis(row["day_at"]), round(row["kwh"], 3)] for row in own], barMaxWidth=46, color=paints.get(kind)
        )
        for kind, own in _by_kind(rows).items()
    ]
    return over_time(series, description="Energy of each day by kind of device.", daily=True, scale=False)
