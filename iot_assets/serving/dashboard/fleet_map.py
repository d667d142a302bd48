"""The map of devices: Mercator's, so that tiles of a server lie exactly below them where the settings name one.

Belongs here: places into a chart. Does not: which devices (``fleet``).
"""

from __future__ import annotations

from collections import defaultdict
from itertools import product
from math import asinh, degrees, floor, log2, radians, tan
from typing import TYPE_CHECKING, Any, Final

from iot_assets.serving.dashboard.charts import INK, STATE_COLOURS, Options, chart, legend, value_axis
from iot_assets.serving.dashboard.markup import STATES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from iot_assets.serving.dashboard.edition import Row

#: So far north and south reaches Mercator's square.
_MOST_NORTH: Final = 85.05
#: The side of the map is that of so many tiles, or up to twice as many.
_TILES: Final = 2
_MOST_ZOOM: Final = 19
_LEAST_SIDE: Final = 0.004
#: What a tile is drawn by, in the browser.
_TILE: Final = """(params, api) => {
    const low = api.coord([api.value(0), api.value(1)]), high = api.coord([api.value(2), api.value(3)]);
    return {type: 'image', style: {image: params.context.address[params.dataIndex], x: low[0], y: high[1],
            width: high[0] - low[0] + 0.5, height: low[1] - high[1] + 0.5}};
}"""


def north(latitude: float) -> float:
    """How far up the map a latitude is, in degrees of longitude."""
    return degrees(asinh(tan(radians(max(-_MOST_NORTH, min(_MOST_NORTH, latitude))))))


def fleet_map(rows: list[Row], colour: str, paints: dict[str, str], tiles: str | None) -> Options | None:
    """The chart; ``colour`` is state or kind, ``tiles`` the address of a tile with {z}, {x} and {y}."""
    rows = [row for row in rows if row["lat"] is not None and row["lon"] is not None]
    if not rows:
        return None
    by: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by[row["kind"] or "no kind" if colour == "kind" else row["state"] or "never_seen"].append(row)
    west, south, side = _square(rows)
    series: list[Any] = [
        {
            "name": STATES.get(name, name), "type": "scatter", "symbolSize": 9 if len(rows) < 300 else 5, "z": 3,
            "itemStyle": {
                "color": STATE_COLOURS.get(name) or paints.get(name, INK), "opacity": 0.85,
                "borderColor": "rgba(255,255,255,.5)", "borderWidth": 0.5,
            },
            "data": [{"name": row["device_id"], "value": _place(row)} for row in own],
        }
        for name, own in sorted(by.items())
    ]  # fmt: skip
    names = [one["name"] for one in series]
    series.append(_site_names(rows))
    if tiles:
        series.append(_ground(tiles, west, south, side))
    options = chart(
        description=f"{len(rows)} devices by where they are.",
        legend=legend(data=names),
        grid={"left": 4, "right": 14, "top": 30, "bottom": 2, "containLabel": True},
        xAxis=_axis(west, side, "v => v + '°'"),
        yAxis=_axis(south, side, "v => (Math.atan(Math.sinh(v * Math.PI / 180)) * 180 / Math.PI).toFixed(2) + '°'"),
        dataZoom=[{"type": "inside", "xAxisIndex": 0}, {"type": "inside", "yAxisIndex": 0}],
        series=series,
    )
    options["tooltip"] |= {"trigger": "item", "formatter": "{b}<br>{a}"}
    return options


def covering(west: float, south: float, side: float) -> Iterable[tuple[int, int, int]]:
    """The tiles (zoom, x, y) below a square of the map, a few dozen at most."""
    zoom = max(0, min(_MOST_ZOOM, floor(log2(_TILES * 360 / side))))
    width = 360 / 2**zoom
    across = range(floor((west + 180) / width), floor((west + side + 180) / width) + 1)
    down = range(floor((180 - south - side) / width), floor((180 - south) / width) + 1)
    return [(zoom, x, y) for x, y in product(across, down) if 0 <= x < 2**zoom and 0 <= y < 2**zoom]


def _square(rows: list[Row]) -> tuple[float, float, float]:
    """West and south edge, and the side, of a square that has all devices well inside."""
    lons, ups = [row["lon"] for row in rows], [north(row["lat"]) for row in rows]
    side = max(max(lons) - min(lons), max(ups) - min(ups), _LEAST_SIDE) * 1.12
    return (min(lons) + max(lons) - side) / 2, (min(ups) + max(ups) - side) / 2, side


def _place(row: Row) -> list[float]:
    return [round(row["lon"], 6), round(north(row["lat"]), 6)]


def _axis(least: float, side: float, written: str) -> Options:
    label = {"color": INK, "hideOverlap": True, ":formatter": written, "showMinLabel": False, "showMaxLabel": False}
    degree = {"show": True, "lineStyle": {"color": "rgba(128,140,155,0.25)", "type": "dotted"}}
    return value_axis(min=round(least, 4), max=round(least + side, 4), splitLine=degree, axisLabel=label,
                      axisLine={"show": False}, axisTick={"show": False})  # fmt: skip


def _ground(tiles: str, west: float, south: float, side: float) -> Options:
    found = []
    for zoom, x, y in covering(west, south, side):
        width = 360 / 2**zoom
        address = tiles.replace("{z}", str(zoom)).replace("{x}", str(x)).replace("{y}", str(y))
        found.append((address, [x * width - 180, 180 - (y + 1) * width, (x + 1) * width - 180, 180 - y * width]))
    addresses = "[" + ", ".join(repr(address) for address, _ in found) + "]"
    return {
        "name": "ground", "type": "custom", "silent": True, "z": 0, "clip": True, "tooltip": {"show": False},
        ":renderItem": _TILE.replace("params.context.address", addresses),
        "data": [corners for _, corners in found],
    }  # fmt: skip


def _site_names(rows: list[Row]) -> Options:
    """A name in the middle of each site's devices."""
    sites: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["site"]:
            sites[row["site"]].append(row)
    return {
        "name": "sites", "type": "scatter", "symbolSize": 1, "silent": True, "tooltip": {"show": False},
        "label": {
            "show": True, "formatter": "{b}", "color": INK, "fontSize": 13, "fontWeight": 600, "position": "top",
            "distance": 16,
        },
        "labelLayout": {"hideOverlap": True},
        "data": [
            {"name": site, "value": [sum(r["lon"] for r in own) / len(own), max(north(r["lat"]) for r in own)]}
            for site, own in sorted(sites.items())
        ],
    }  # fmt: skip
