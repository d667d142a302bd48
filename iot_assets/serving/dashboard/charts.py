"""Charts as ECharts wants them told: one style for all, which reads well on light and on dark ground alike.

Belongs here: data into options. Does not: data (``reads``), where a chart stands (``frame``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any, Final, TypeAlias

Options: TypeAlias = dict[str, Any]

#: Told apart also by who is colour-blind.
PALETTE: Final = ("#2f7ed8", "#e08a1e", "#2a9d7c", "#b565c4", "#c9a400", "#4fb3d9", "#d1495b", "#8a8f98")
STATE_COLOURS: Final = MappingProxyType(
    {"online": "#2a9d7c", "late": "#e0a11e", "offline": "#d1495b", "never_seen": "#8a8f98"}
)
OUTCOME_COLOURS: Final = MappingProxyType(
    {
        "telemetry": "#2f7ed8",
        "not_telemetry": "#8a8f98",
        "held": "#c9a400",
        "duplicate": "#b565c4",
        "rejected": "#d1495b",
    }
)
INK: Final = "#78818c"
_DAY_MILLIS: Final = 86_400_000
GRID: Final = "rgba(128,140,155,0.18)"
#: Poor to good, for shares.
HEAT: Final = ("#b3324a", "#e0a11e", "#e8d98a", "#2a9d7c")


def millis(at: datetime | date) -> float:
    """An instant as JavaScript counts; a day's is its midnight UTC."""
    if not isinstance(at, datetime):
        at = datetime(at.year, at.month, at.day, tzinfo=UTC)
    return round(at.timestamp() * 1000)


def chart(*, description: str, **options: Any) -> Options:
    """What all charts share, and ``options``."""
    return {
        "useUTC": True,
        "animation": False,
        "color": list(PALETTE),
        "textStyle": {"color": INK, "fontFamily": "system-ui, sans-serif"},
        "aria": {"enabled": True, "label": {"description": description}},
        "tooltip": {
            "trigger": "axis",
            "confine": True,
            "backgroundColor": "#1c232b",
            "borderWidth": 0,
            "textStyle": {"color": "#f2f4f7", "fontSize": 12},
            "axisPointer": {"lineStyle": {"color": INK}},
        },
        "legend": {"show": False},
        **options,
    }


def legend(**more: Any) -> Options:
    """Names of the series above a chart."""
    return {
        "show": True, "type": "scroll", "top": 0, "left": 0, "itemWidth": 12, "itemHeight": 8, "icon": "roundRect",
        "textStyle": {"color": INK}, "inactiveColor": "rgba(128,140,155,.4)", "pageTextStyle": {"color": INK},
        "pageIconColor": INK, **more,
    }  # fmt: skip


def value_axis(name: str = "", **more: Any) -> Options:
    """An axis of figures."""
    return {
        "type": "value", "scale": True, "name": name, "nameTextStyle": {"color": INK, "align": "left"}, "nameGap": 10,
        "axisLabel": {"color": INK, "hideOverlap": True}, "splitLine": {"lineStyle": {"color": GRID}},
        "splitNumber": 3, **more,
    }  # fmt: skip


def time_axis(span: tuple[datetime, datetime] | None = None, **more: Any) -> Options:
    """An axis of time, of just this span where one is given."""
    bounds = {"min": millis(span[0]), "max": millis(span[1])} if span else {}
    return {
        "type": "time", **bounds, "axisLine": {"lineStyle": {"color": GRID}}, "axisTick": {"show": False},
        "axisLabel": {"color": INK, "hideOverlap": True}, "splitLine": {"show": False}, **more,
    }  # fmt: skip


def category_axis(names: Sequence[str], **more: Any) -> Options:
    """An axis of names."""
    return {
        "type": "category", "data": list(names), "axisLine": {"lineStyle": {"color": GRID}},
        "axisTick": {"show": False}, "axisLabel": {"color": INK}, **more,
    }  # fmt: skip


def line(name: str, points: Iterable[Any], **more: Any) -> Options:
    """A series as a line."""
    return {"name": name, "type": "line", "showSymbol": False, "lineStyle": {"width": 1.6}, "data": list(points)} | more


def bars(name: str, points: Iterable[Any], **more: Any) -> Options:
    """A series as stacked bars."""
    return {
        "name": name,
        "type": "bar",
        "stack": "all",
        "barCategoryGap": "8%",
        "barMaxWidth": 24,
        "data": list(points),
    } | more


def over_time(
    series: Sequence[Options], *, description: str, unit: str = "", span: tuple[datetime, datetime] | None = None,
    names: bool = True, daily: bool = False, **axis: Any,
) -> Options:  # fmt: skip
    """Several series over the same time; ``daily`` ones have a point a day."""
    return chart(
        description=description,
        legend=legend() if names else {"show": False},
        grid={
            "left": 8,
            "right": 12,
            "top": 52 if unit and names else 34 if unit or names else 12,
            "bottom": 4,
            "containLabel": True,
        },
        xAxis=time_axis(span, **({"minInterval": _DAY_MILLIS} if daily else {})),
        yAxis=value_axis(unit, **axis),
        series=list(series),
    )


def shares(parts: Sequence[tuple[str, float, str | None]], *, description: str, middle: str = "") -> Options:
    """A ring of (name, how many, colour or none)."""
    return chart(
        description=description,
        tooltip={
            "trigger": "item", "confine": True, "backgroundColor": "#1c232b", "borderWidth": 0,
            "textStyle": {"color": "#f2f4f7"},
        },
        title={
            "text": middle, "left": "center", "top": "middle",
            "textStyle": {"color": INK, "fontSize": 22, "fontWeight": 600},
        },
        series=[
            {
                "type": "pie", "radius": ["58%", "82%"], "center": ["50%", "50%"],
                "label": {"color": INK, "formatter": "{b} {c}", "minMargin": 6},
                "labelLine": {"length": 8, "length2": 8, "lineStyle": {"color": INK}},
                "data": [
                    {"name": name, "value": count} | ({"itemStyle": {"color": colour}} if colour else {})
                    for name, count, colour in parts
                ],
            }
        ],
    )  # fmt: skip
