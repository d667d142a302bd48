"""All devices, to be searched and looked through: how each is, what it last said, and how its day went."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from iot_assets.serving.dashboard.charts import STATE_COLOURS, bars, category_axis, chart, legend, millis, value_axis
from iot_assets.serving.dashboard.markup import (
    STATES,
    Html,
    age,
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
    from iot_assets.serving.dashboard.asked import Row
    from iot_assets.serving.dashboard.charts import Options
    from iot_assets.serving.dashboard.frame import Frame

_PAGE: Final = 50
#: Values shown of each device.
_VALUES: Final = 3


async def devices(frame: Frame) -> Callable[[], Awaitable[None]]:
    """Put the panels; the answer fills them."""
    sites = frame.chart("Devices by site", height=150, wide=True)
    listed = frame.panel(wide=True)
    chosen = frame.filters

    async def draw() -> None:
        asked = frame.asked
        sites.draw(_by_site(await asked.rows(device_counts()), chosen.kind), empty="No device is known yet.")
        found = await asked.rows(
            device_list(
                kind=chosen.kind or None, site=chosen.site or None, state=chosen.state or None,
                search=chosen.q or None, most=_PAGE, offset=(chosen.page - 1) * _PAGE,
            )
        )  # fmt: skip
        names = tuple(row["device_id"] for row in found)
        day = (frame.now - timedelta(hours=24), frame.now)
        newest = _by_device(await asked.rows(latest(names))) if names else {}
        hours = _by_device(await asked.rows(series(Scope(names, (), *day), "1h", "mean"))) if names else {}
        rows = [_row(frame, row, newest.get(row["device_id"], []), hours.get(row["device_id"], [])) for row in found]
        columns = ("Device", "State", "Kind", "Site", "Newest values", "Last 24 hours", "Heard")
        shown = table("Devices", columns, rows, empty="No device is like this.")
        asked_for = {"kind": chosen.kind, "site": chosen.site, "search": chosen.q}
        query = urlencode({name: value for name, value in asked_for.items() if value} | {"limit": "100000"})
        listed.show(joined(shown, _pages(frame, found), frame.export(f"devices?{query}")))

    return draw


def _row(frame: Frame, row: Row, newest: list[Row], hours: list[Row]) -> tuple[object, ...]:
    own = frame.filters.address("device", id=row["device_id"], page=1, q="", state="")
    values = [
        joined(Html('<span class="none">'), text(one["metric"]), Html("</span> "),
               measured(one["value"], one["value_text"], one["unit"]))
        for one in newest[:_VALUES]
    ]  # fmt: skip
    first = next((one["metric"] for one in newest if one["value"] is not None), None)
    points = [(millis(one["bucket_at"]), one["value"]) for one in hours if one["metric"] == first]
    span = (millis(frame.now - timedelta(hours=24)), millis(frame.now))
    return (
        link(own, row["device_id"]),
        dot(row["state"]),
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


def _by_site(counts: list[Row], kind: str) -> Options | None:
    by: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(STATES, 0))
    for row in counts:
        if not kind or row["kind"] == kind:
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
