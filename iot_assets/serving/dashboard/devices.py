"""All devices, to be searched and looked through: how each is, what it last said, and how its day went."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from iot_assets.serving.dashboard.charts import STATE_COLOURS, bars, category_axis, chart, legend, millis, value_axis
from iot_assets.serving.dashboard.markup import (
    STATES,
    Html,
    age,
    band,
    dot,
    joined,
    link,
    measured,
    sparkline,
    table,
    text,
)
from iot_assets.serving.reads.device_counts import device_counts
from iot_assets.serving.reads.device_list import device_list
from iot_assets.serving.reads.latest import latest
from iot_assets.serving.reads.question import Scope
from iot_assets.serving.reads.rollups import series

if TYPE_CHECKING:
    from iot_assets.serving.dashboard.charts import Options
    from iot_assets.serving.dashboard.edition import Edition, Found, Row
    from iot_assets.serving.dashboard.filters import Filters
    from iot_assets.serving.dashboard.frame import Frame, Show

_PAGE: Final = 50
_DAY: Final = timedelta(hours=24)
#: Values shown of each device.
_VALUES: Final = 3


async def ask(edition: Edition, filters: Filters) -> Found:
    """What is shown of a publication."""
    listed = device_list(
        kind=filters.kind or None, site=filters.site or None, state=filters.state or None, band=filters.band or None,
        search=filters.q or None, most=_PAGE, offset=(filters.page - 1) * _PAGE,
    )  # fmt: skip
    found = await edition.answers(counts=device_counts(), listed=listed)
    names = tuple(row["device_id"] for row in found["listed"])
    if not names:
        return found | {"newest": [], "hours": []}
    day = Scope(names, (), edition.now - _DAY, edition.now)
    return found | await edition.answers(newest=latest(names), hours=series(day, "1h", "mean"))


def build(frame: Frame) -> Show:
    """Put the panels; the answer fills them."""
    sites = frame.chart("Devices by site", height=150, wide=True)
    listed = frame.panel(wide=True)
    chosen = frame.filters
    asked_for = {
        "kind": chosen.kind,
        "site": chosen.site,
        "search": chosen.q,
        "state": chosen.state,
        "band": chosen.band,
    }
    query = urlencode({name: value for name, value in asked_for.items() if value} | {"limit": "100000"})

    async def show(found: Found) -> None:
        sites.draw(_by_site(found["counts"], chosen), empty="No device is known yet.")
        newest, hours = _by_device(found["newest"]), _by_device(found["hours"])
        names = [row["device_id"] for row in found["listed"]]
        rows = [
            _row(frame, row, newest.get(name, []), hours.get(name, []))
            for name, row in zip(names, found["listed"], strict=True)
        ]
        columns = ("Device", "State", "Quality", "Kind", "Site", "Newest values", "Last 24 hours", "Heard")
        shown = table("Devices", columns, rows, empty="No device is like this.")
        listed.show(joined(shown, _pages(frame, found["listed"]), frame.export(f"devices?{query}")))

    return show


def _row(frame: Frame, row: Row, newest: list[Row], hours: list[Row]) -> tuple[object, ...]:
    own = frame.filters.address("device", id=row["device_id"], page=1, q="", state="", band="")
    values = [
        joined(Html('<span class="none">'), text(one["metric"]), Html("</span> "),
               measured(one["value"], one["value_text"], one["unit"]))
        for one in newest[:_VALUES]
    ]  # fmt: skip
    first = next((one["metric"] for one in newest if one["value"] is not None), None)
    points = [(millis(one["bucket_at"]), one["value"]) for one in hours if one["metric"] == first]
    span = (millis(frame.now - _DAY), millis(frame.now))
    return (
        link(own, row["device_id"]),
        dot(row["state"]),
        band(row["band"], row["score"]),
        row["kind"],
        row["site"],
        Html("<br>".join(values)),
        sparkline(sorted(points), span, str(first)),
        age(row["last_received_at"], frame.now),
    )


def _by_device(rows: list[Row]) -> dict[str, list[Row]]:
    found = defaultdict(list)
    for row in rows:
        found[row["device_id"]].append(row)
    return {name: sorted(own, key=lambda one: str(one["metric"])) for name, own in found.items()}


def _pages(frame: Frame, found: list[Row]) -> Html:
    page = frame.filters.page
    total = found[0]["found"] if found else 0
    if total <= _PAGE and page == 1:
        return Html(f'<p class="note">{total:,} devices</p>' if total else "")
    first = (page - 1) * _PAGE
    ways = [link(frame.filters.address("devices", page=page - 1), "Previous")] if page > 1 else []
    ways += [Html(f"<span>{first + 1:,} to {first + len(found):,} of {total:,}</span>")] if found else []
    ways += [link(frame.filters.address("devices", page=page + 1), "Next")] if first + len(found) < total else []
    return Html(f'<nav class="pages" aria-label="Pages of the list">{"".join(ways)}</nav>')


def _by_site(counts: list[Row], chosen: Filters) -> Options | None:
    by: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(STATES, 0))
    for row in counts:
        if chosen.kind in {"", row["kind"]} and chosen.band in {"", row["band"]}:
            by[row["site"] or "no site"][row["state"] or "never_seen"] += row["devices"]
    sites = sorted(by, key=lambda site: -sum(by[site].values()))[:12]
    if not sites:
        return None
    return chart(
        description="Devices at each site by state.",
        legend=legend(),
        grid={"left": 8, "right": 12, "top": 28, "bottom": 6, "containLabel": True},
        xAxis=category_axis(sites),
        yAxis=value_axis(scale=False, minInterval=1),
        series=[
            bars(STATES[state], [by[site][state] for site in sites], itemStyle={"color": colour}, barMaxWidth=90)
            for state, colour in STATE_COLOURS.items()
            if any(by[site][state] for site in sites)
        ],
    )
