"""The chart of a device: a lane a metric above the same time, with flags, silence and events marked.

Belongs here: points into options. Does not: asking for them (``device``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from iot_assets.serving.dashboard.charts import (
    INK,
    PALETTE,
    STATE_COLOURS,
    Options,
    chart,
    line,
    millis,
    time_axis,
    value_axis,
)
from iot_assets.serving.dashboard.markup import unit_of

if TYPE_CHECKING:
    from iot_assets.serving.dashboard.edition import Row

#: So many points of a metric are enough to be looked at.
MOST_POINTS: Final = 1500
_LANES: Final = 8
_LANE: Final = 110
_BETWEEN: Final = 40
#: A line is broken where a point comes so many usual steps after the one before.
_LATE: Final = 5
_MARKED: Final = "#d1495b"


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn: points (metric, at, value, least, most, flags, counts), and what is marked."""

    span: tuple[datetime, datetime]
    width: str
    metrics: list[str]
    units: dict[str, str | None]
    points: list[Row]
    hits: list[Row]
    silent_hours: list[datetime]
    events: list[Row]

    @property
    def shown(self) -> list[str]:
        """The metrics that have a lane."""
        return self.metrics[:_LANES]

    @property
    def height(self) -> int:
        """Pixels that the chart needs."""
        return 60 + len(self.shown) * (_LANE + _BETWEEN)


def stacked(drawn: Drawn) -> Options:
    """The whole chart."""
    grids, across, up, series = [], [], [], []
    for place, metric in enumerate(drawn.shown):
        top = 30 + place * (_LANE + _BETWEEN)
        grids.append({"left": 58, "right": 14, "top": top, "height": _LANE})
        last = place == len(drawn.shown) - 1
        across.append(
            time_axis(drawn.span, gridIndex=place, axisLabel={"show": last, "color": INK, "hideOverlap": True})
        )
        unit = unit_of(drawn.units.get(metric))
        up.append(value_axis(f"{metric} {f'({unit})' if unit else ''}", gridIndex=place))
        series += _lane(drawn, metric, place)
    every = list(range(len(drawn.shown)))
    told = chart(
        description=f"{', '.join(drawn.shown)} over time; what broke a rule is marked, silence is shaded.",
        grid=grids,
        xAxis=across,
        yAxis=up,
        series=series,
        axisPointer={"link": [{"xAxisIndex": "all"}]},
        dataZoom=[
            {"type": "inside", "xAxisIndex": every, "filterMode": "none", "zoomOnMouseWheel": True},
            {"type": "slider", "xAxisIndex": every, "filterMode": "none", "height": 16, "bottom": 4,
             "showDataShadow": False, "showDetail": False, "borderColor": "transparent", "start": 0, "end": 100},
        ],
    )  # fmt: skip
    told["dataZoom"][0] |= {"start": 0, "end": 100}
    return told


def _lane(drawn: Drawn, metric: str, place: int) -> list[Options]:
    own = [point for point in drawn.points if point["metric"] == metric]
    colour = PALETTE[place % len(PALETTE)]
    counted = [point for point in own if point["counts"]]
    where = {"xAxisIndex": place, "yAxisIndex": place}
    main = line(
        metric, _broken([[millis(p["at"]), p["value"]] for p in counted]), color=colour, triggerLineEvent=True,
        showSymbol=len(counted) < 120, symbolSize=4, connectNulls=False, markArea=_silence(drawn),
        markLine=_events(drawn), **where,
    )  # fmt: skip
    series = [main]
    if drawn.width != "raw":
        quiet = {"lineStyle": {"opacity": 0}, "silent": True, "stack": f"band{place}", "symbol": "none",
                 "tooltip": {"show": False}, "stackStrategy": "all"}  # fmt: skip
        low = [[millis(p["at"]), p["least"]] for p in own]
        high = [[millis(p["at"]), p["most"] - p["least"]] for p in own]
        series += [
            line(f"{metric} · least", low, **quiet, **where),
            line(f"{metric} · span", high, areaStyle={"color": colour, "opacity": 0.16}, **quiet, **where),
        ]
    marked = [[millis(p["at"]), p["value"], ", ".join(p["flags"])] for p in own if not p["counts"]]
    marked += [[millis(h["event_at"]), h["value"], h["rule"]] for h in drawn.hits if h["metric"] == metric]
    series.append(
        {"name": f"{metric} · broke a rule", "type": "scatter", "symbol": "diamond", "symbolSize": 9, "z": 5,
         "itemStyle": {"color": _MARKED}, "data": marked, **where}
    )  # fmt: skip
    return series


def _broken(points: list[list[float]]) -> list[list[float | None]]:
    """The points, with an empty one wherever the next comes so late that a line would tell of what nobody measured."""
    steps = [after[0] - before[0] for before, after in pairwise(points)]
    longest = _LATE * median(steps) if steps else 0
    found: list[list[float | None]] = []
    for point, step in zip(points, [*steps, 0], strict=True):
        found.append([*point])
        if step > longest:
            found.append([point[0] + 1, None])
    return found


def _silence(drawn: Drawn) -> Options:
    """Hours in which nothing came, joined where they touch."""
    spans: list[list[datetime]] = []
    for hour in sorted(drawn.silent_hours):
        if spans and spans[-1][1] == hour:
            spans[-1][1] = hour + timedelta(hours=1)
        else:
            spans.append([hour, hour + timedelta(hours=1)])
    data: list[Any] = [[{"xAxis": millis(first)}, {"xAxis": millis(after)}] for first, after in spans]
    return {"silent": True, "itemStyle": {"color": "rgba(209,73,91,0.13)"}, "data": data}


def _events(drawn: Drawn) -> Options:
    data = [
        {"xAxis": millis(event["happened_at"]), "lineStyle": {"color": STATE_COLOURS.get(event["kind"], INK)}}
        for event in drawn.events[:60]
    ]
    return {"silent": True, "symbol": "none", "label": {"show": False}, "data": data,
            "lineStyle": {"type": "dashed", "width": 1}}  # fmt: skip
