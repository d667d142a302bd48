"""How far the data can be trusted: scores, what is missing, what was refused, which rules were broken, which shapes."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from iot_assets.serving.dashboard.charts import (
    HEAT,
    INK,
    Options,
    bars,
    category_axis,
    chart,
    line,
    millis,
    over_time,
    value_axis,
)
from iot_assets.serving.dashboard.markup import Html, age, joined, link, table, text
from iot_assets.serving.reads.check_results import check_results
from iot_assets.serving.reads.completeness import completeness
from iot_assets.serving.reads.hits import hits_by_rule
from iot_assets.serving.reads.question import Scope
from iot_assets.serving.reads.reject_groups import reject_groups
from iot_assets.serving.reads.schema_changes import schema_changes
from iot_assets.serving.reads.scores import scores
from iot_assets.serving.reads.shapes import shapes

if TYPE_CHECKING:
    from iot_assets.serving.dashboard.edition import Edition, Found, Row
    from iot_assets.serving.dashboard.filters import Filters
    from iot_assets.serving.dashboard.frame import Ask, Frame, Show

PARTS: Final = ("completeness", "validity", "uniqueness", "timeliness", "consistency")
#: Lines of the heat map, and the most columns of it: beyond, it shows the last ones.
_LINES: Final = 24
_HOURS: Final = 7 * 24


def asking(learn: timedelta) -> Ask:
    """What is shown of a publication; ``learn`` is the setting of drift."""

    async def ask(edition: Edition, filters: Filters) -> Found:
        return await _ask(edition, filters, learn)

    return ask


async def _ask(edition: Edition, filters: Filters, learn: timedelta) -> Found:
    span = edition.span(filters)
    first = min(span[0], span[1] - timedelta(days=30))
    return await edition.answers(
        scores=scores(*(("site", filters.site) if filters.site else ("fleet", "")), first=first),
        sites=scores("site", first=first),
        lacking=completeness(
            first=max(span[0], span[1] - timedelta(hours=_HOURS)), after=span[1], kind=filters.kind or None,
            site=filters.site or None, most=_LINES,
        ),
        groups=reject_groups(first=span[0], after=span[1]),
        hits=hits_by_rule(Scope((), (), *span)),
        changes=schema_changes(first=first, after=span[1], learn=learn),
        shapes=shapes(),
        checks=check_results(),
    )  # fmt: skip


def build(frame: Frame) -> Show:
    """Put the panels; the answer fills them."""
    score = frame.chart("Quality score and its parts", height=250)
    sites = frame.chart("Score of each site", height=250)
    heat = frame.chart("Completeness", height=380, wide=True, note="devices that lack most, by hour")
    refused = frame.chart("Rejects by reason", height=220)
    broken = frame.chart("Rules broken", height=220)
    rejects = frame.panel("Rejected messages", wide=True)
    changes = frame.panel("Changes of what is sent", wide=True)
    drift = frame.panel("Shapes of messages", wide=True)
    checks = frame.panel("Checks", wide=True)
    exports = frame.panel()

    async def show(found: Found) -> None:
        span = frame.span()
        score.draw(_score(found["scores"]), empty="No day has been scored yet.")
        sites.draw(_sites(found["sites"]), empty="No site has been scored yet.")
        heat.draw(_heat(found["lacking"]), empty="No device with a rhythm was expected to send in this time.")
        refused.draw(_reasons(found["groups"]), empty="Nothing was rejected in this time.")
        broken.draw(_rules(found["hits"]), empty="No rule was broken in this time.")
        rejects.show(_rejects(found["groups"], frame.now))
        changes.show(_changes(found["changes"]))
        drift.show(_shapes(found["shapes"], frame.now))
        checks.show(_checks(frame, found["checks"]))
        exports.show(_exports(frame, span))

    return show


def _exports(frame: Frame, span: tuple[datetime, datetime]) -> Html:
    query = urlencode({"from": span[0].isoformat(), "to": span[1].isoformat(), "limit": "100000"})
    first = min(span[0], span[1] - timedelta(days=30)).date()
    return joined(
        frame.export(f"quality?from={first}&limit=100000", "scores"),
        frame.export(f"quality/hours?{query}", "completeness"),
        frame.export(f"rejects?{query}", "rejects"),
    )


def _score(rows: list[Row]) -> Options | None:
    rows = [row for row in rows if row["score"] is not None]
    if not rows:
        return None
    few = len(rows) < 3
    series = [line(part, [[millis(row["day"]), _percent(row[part])] for row in rows], showSymbol=few) for part in PARTS]
    whole = [[millis(row["day"]), round(row["score"], 2)] for row in rows]
    series.insert(0, line("score", whole, color=INK, lineStyle={"width": 3}, showSymbol=few))
    return over_time(
        series, description="The quality score and its five parts by day, 100 is best.", daily=True, max=100
    )


def _percent(share: float | None) -> float | None:
    return None if share is None else round(share * 100, 2)


def _sites(rows: list[Row]) -> Options | None:
    newest: dict[str, Row] = {}
    for row in rows:
        if row["score"] is not None:
            newest[row["name"] or "no site"] = row
    if not newest:
        return None
    listed = sorted(newest.items(), key=lambda item: -item[1]["score"])[-14:]
    return _lying(
        [(name, round(row["score"], 1)) for name, row in listed],
        description="Each site's newest quality score.",
        colour="#2a9d7c",
        max=100,
        scale=True,
    )


def _lying(parts: list[tuple[str, float]], *, description: str, colour: str, **axis: Any) -> Options:
    """Bars that lie, the greatest on top, each with its figure."""
    series = bars("", [value for _, value in reversed(parts)], itemStyle={"color": colour}, barMaxWidth=22)
    series["label"] = {"show": True, "position": "insideRight", "color": "#fff"}
    return chart(
        description=description,
        grid={"left": 4, "right": 16, "top": 4, "bottom": 0, "containLabel": True},
        xAxis=value_axis(**({"scale": False} | axis)),
        yAxis=category_axis([name for name, _ in reversed(parts)]),
        series=[series],
    )


def _heat(rows: list[Row]) -> Options | None:
    if not rows:
        return None
    devices = list(dict.fromkeys(row["device_id"] for row in rows))
    first, last = min(row["hour_at"] for row in rows), max(row["hour_at"] for row in rows)
    hours = [first + timedelta(hours=n) for n in range(int((last - first) / timedelta(hours=1)) + 1)]
    across = {hour: n for n, hour in enumerate(hours)}
    up = {name: n for n, name in enumerate(reversed(devices))}
    cells = [
        [across[row["hour_at"]], up[row["device_id"]], round(row["completeness"] * 100, 1)]
        for row in rows
    ]  # fmt: skip
    options = chart(
        description="Share of the expected readings that came, by device and hour.",
        grid={"left": 4, "right": 8, "top": 4, "bottom": 34, "containLabel": True},
        xAxis=category_axis([_hour(hour) for hour in hours], splitArea={"show": False}),
        yAxis=category_axis(list(up)),
        visualMap={
            "min": 0, "max": 100, "orient": "horizontal", "left": "center", "bottom": 0,
            "itemHeight": 160, "itemWidth": 12, "inRange": {"color": list(HEAT)}, "textStyle": {"color": INK},
            "text": ["100 %", "0 %"],
        },
        series=[{"name": "completeness", "type": "heatmap", "data": cells, "progressive": 0}],
    )  # fmt: skip
    options["tooltip"]["trigger"] = "item"
    return options


def _hour(at: datetime) -> str:
    return f"{at:%d %b %H:00}"


def _reasons(groups: list[Row]) -> Options | None:
    by: dict[str, int] = defaultdict(int)
    for row in groups:
        by[row["reason"].replace("_", " ")] += row["rejects"]
    listed = sorted(by.items(), key=lambda item: -item[1])[:8]
    return _lying([*listed], description="Rejects by reason.", colour="#d1495b") if listed else None


def _rules(rows: list[Row]) -> Options | None:
    listed = [(row["rule"], row["hits"]) for row in rows[:8]]
    return _lying(listed, description="Readings that broke a rule, by rule.", colour="#e08a1e") if listed else None


def _rejects(groups: list[Row], now: datetime) -> Html:
    rows = [
        (
            row["reason"].replace("_", " "), row["topic"], row["rejects"], age(row["last_at"], now), row["detail"],
            Html(f"<code>iot-assets trace silver.rejects --id {escape(row['message_id'])}</code>"),
        )
        for row in groups[:12]
    ]  # fmt: skip
    shown = table(
        "Rejected messages", ("Reason", "Topic", "How many", "Last", "Newest says", "Its bytes"), rows,
        empty="Nothing was rejected in this time.",
    )  # fmt: skip
    if not rows:
        return shown
    hint = (
        '<p class="none">Once the cause is mended, <code>iot-assets replay</code> decodes them again;'
        " nothing is lost meanwhile.</p>"
    )
    return joined(shown, Html(hint))


def _changes(rows: list[Row]) -> Html:
    shown = [(row["changed_at"], row["change"], row["route"], row["what"], row["example_topic"]) for row in rows[:25]]
    columns = ("When", "Change", "Route", "What", "For example")
    empty = "No route sends anything new, and none has stopped sending anything, in the last 30 days."
    return table("Changes of what is sent", columns, shown, empty=empty)


def _shapes(rows: list[Row], now: datetime) -> Html:
    shown = [
        (
            row["route"],
            row["metrics"],
            row["messages"],
            age(row["since_at"], now),
            age(row["last_seen_at"], now),
        )
        for row in rows[:25]
    ]
    columns = ("Route", "Metrics", "Messages", "Since", "Last seen")
    return table("Shapes of messages", columns, shown, empty="No message has been decoded yet.")


def _checks(frame: Frame, rows: list[Row]) -> Html:
    dagster = frame.dagster()
    shown = [
        (
            Html(f'<span class="state {_mood(row)}">{"passes" if row["passed"] else "fails"}</span>'),
            row["table_name"],
            row["check_name"].replace("_", " "),
            row["failing"],
            age(row["checked_at"], frame.now),
            link(f"{dagster}/runs/{row['run_id']}", "run"),
        )
        for row in rows
    ]
    columns = ("Result", "Table", "Check", "Rows", "When", "Dagster")
    return table("Checks", columns, shown, empty="No check has run in the last two days.")


def _mood(row: Row) -> str:
    if row["passed"]:
        return "passed"
    return "failed" if text(row["severity"]).upper() == "ERROR" else "warning"
