"""The first page: whether all is well, and the few figures that say how it goes."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from iot_assets.serving.dashboard.arriving import Arriving
from iot_assets.serving.dashboard.charts import (
    OUTCOME_COLOURS,
    STATE_COLOURS,
    Options,
    bars,
    line,
    millis,
    over_time,
    shares,
)
from iot_assets.serving.dashboard.markup import (
    STATES,
    Html,
    age,
    duration,
    joined,
    number,
    table,
    text,
    tile,
    tiles,
)
from iot_assets.serving.reads.check_results import check_results
from iot_assets.serving.reads.device_counts import device_counts
from iot_assets.serving.reads.open_alerts import open_alerts
from iot_assets.serving.reads.scores import scores
from iot_assets.serving.reads.throughput import throughput
from iot_assets.serving.reads.unpublished import unpublished_total

if TYPE_CHECKING:
    from iot_assets.serving.dashboard.edition import Edition, Found, Row
    from iot_assets.serving.dashboard.filters import Filters
    from iot_assets.serving.dashboard.frame import Frame, Show

#: So many bars of messages at most.
_BARS = 120


async def ask(edition: Edition, filters: Filters) -> Found:
    """What is shown of a publication."""
    span = edition.span(filters)
    return await edition.answers(
        counts=device_counts(),
        checks=check_results(),
        alerts=open_alerts(),
        passing=throughput(first=span[0], after=span[1], seconds=bucket_seconds(span, _BARS)),
        scores=scores("fleet", first=min(span[0], span[1] - timedelta(days=30))),
    )


def build(frame: Frame) -> Show:
    """Put the panels; the answer fills them."""
    banner = frame.panel()
    states = frame.chart("Devices", height=230)
    messages = frame.chart("Messages", height=230)
    figures = frame.panel()
    quality = frame.chart("Quality score", height=190)
    alerts = frame.panel("Open alerts")
    exports = frame.panel()

    tail, arriving = frame.unpublished(), Arriving(frame.unpublished())

    async def show(found: Found) -> None:
        span, told = frame.span(), await frame.house.vitals.told()
        coming = await tail.rows(unpublished_total(), frame.edition)
        by_state = _by_state(found["counts"])
        problems = [problem for problem in told["problems"] if problem != frame.edition.nothing]
        if frame.edition.nothing:
            banner.show(joined(_banner(problems, []) if problems else Html(""), await arriving.shown(frame.edition)))
        else:
            banner.show(_banner(problems, found["alerts"]))
        states.draw(
            _ring(by_state), empty="No device is known yet: the first is here once a run has taken its message."
        )
        messages.draw(
            messages_chart(found["passing"], bucket_seconds(span, _BARS), span), empty="No messages in this time."
        )
        figures.show(_tiles(frame, told, found, by_state, coming[-1] if coming else {}))
        quality.draw(_score_line(found["scores"]), empty="No day has been scored yet.")
        alerts.show(_alerts(found["alerts"], frame.now))
        exports.show(_exports(frame, span))

    return show


def _exports(frame: Frame, span: tuple[datetime, datetime]) -> Html:
    times = {"from": span[0].isoformat(), "to": span[1].isoformat(), "limit": "100000"}
    messages = urlencode({"seconds": bucket_seconds(span, _BARS), **times})
    first = min(span[0], span[1] - timedelta(days=30)).date()
    return joined(
        frame.export(f"pipeline/messages?{messages}", "messages"),
        frame.export("devices?limit=100000", "devices"),
        frame.export(f"quality?scope=fleet&from={first}", "quality score"),
    )


def bucket_seconds(span: tuple[datetime, datetime], most: int) -> int:
    """The width of buckets in which a span has so many of them at most: a round number of seconds."""
    wanted = (span[1] - span[0]).total_seconds() / most
    steps = (60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200)
    return next((step for step in steps if step >= wanted), 86400)


def messages_chart(rows: list[Row], seconds: int, span: tuple[datetime, datetime]) -> Options | None:
    """Messages by time and outcome, as bars."""
    if not rows:
        return None
    by_outcome: dict[str, list[list[Any]]] = defaultdict(list)
    for row in rows:
        by_outcome[row["outcome"]].append([millis(row["bucket_at"]), row["messages"]])
    series = [
        bars(name.replace("_", " "), by_outcome[name], itemStyle={"color": colour})
        for name, colour in OUTCOME_COLOURS.items()
        if name in by_outcome
    ]
    return over_time(
        series,
        description=f"Messages in each {duration(seconds)}, by what became of them.",
        unit=f"in each {duration(seconds)}",
        span=span,
        scale=False,
    )


def _by_state(counts: list[Row]) -> dict[str, int]:
    found = dict.fromkeys(STATES, 0)
    for row in counts:
        state = row["state"] or "never_seen"
        found[state] = found.get(state, 0) + row["devices"]
    return found


def _ring(by_state: dict[str, int]) -> Options | None:
    total = sum(by_state.values())
    if not total:
        return None
    parts = [(STATES[name], count, STATE_COLOURS[name]) for name, count in by_state.items() if count]
    return shares(parts, description="Devices by state.", middle=number(total))


def _score_line(rows: list[Row]) -> Options | None:
    points = [[millis(row["day"]), round(row["score"], 2)] for row in rows if row["score"] is not None]
    if not points:
        return None
    area = {"opacity": 0.12}
    series = line("score", points, areaStyle=area, showSymbol=len(points) < 3, symbolSize=7)
    return over_time([series], description="The fleet's quality score by day.", names=False, daily=True, max=100)


def _banner(problems: list[str], alerts: list[Row]) -> Html:
    listed = "".join(f"<li>{escape(problem)}</li>" for problem in problems)
    if problems:
        return Html(f'<div class="banner bad" role="status"><div>Something is wrong<ul>{listed}</ul></div></div>')
    if alerts:
        mood = "bad" if alerts[0]["severity"] == "critical" else "warning"
        many = f"{len(alerts)} alerts are" if len(alerts) > 1 else "1 alert is"
        return Html(f'<div class="banner {mood}" role="status">The platform runs; {many} open</div>')
    return Html('<div class="banner" role="status">All is well</div>')


def _tiles(frame: Frame, told: Row, found: Found, by_state: dict[str, int], coming: Row) -> Html:
    clock, status = datetime.now(UTC), frame.edition.status
    checks, scored = found["checks"], found["scores"]
    lander = frame.house.vitals.lander()
    rate = frame.house.vitals.rate(lander)
    failing = [row for row in checks if not row["passed"]]
    score = scored[-1] if scored else None
    sealed = lander.last_sealed_at if lander is not None else None
    away = by_state["late"] + by_state["offline"]
    newest = coming.get("newest_received_at") or status["newest_received_at"]
    waiting = f", {coming['readings']:,} to be published" if coming.get("readings") else ""
    return tiles(
        [
            tile(
                "Messages per second",
                "–" if rate is None else f"{rate:,.1f}",
                "no lander runs on this machine" if lander is None else "received, last seconds",
                mood="" if lander is None else "good" if lander.connected or not lander.broker else "bad",
            ),
            tile(
                "Devices online", f"{by_state['online']:,}",
                f"{by_state['late']:,} late, {by_state['offline']:,} offline",
                mood="warning" if away else "good", to=frame.filters.address("devices"),
            ),
            tile("Newest data", age(newest, clock), text(newest), mood=""),
            tile("Readings", status["numeric_readings"], f"numeric{waiting}"),
            tile("Messages", status["messages"], f"{number(status['rejects'])} rejects"),
            tile(
                "Landing", age(sealed, clock) if lander is not None else "–",
                "last file sealed" if lander is not None else "",
            ),
            tile(
                "Waiting files", told["waiting_files"], "landed, not yet in the tables",
                mood="warning" if told["waiting_files"] > frame.house.settings.schedule.backlog_files else "",
            ),
            tile("Last run", "–" if frame.edition.nothing else age(frame.now, clock), "published"),
            tile(
                "Checks failing", len(failing), f"of {len(checks)}",
                mood="bad" if any(row["severity"] == "ERROR" for row in failing) else "warning" if failing else "good",
            ),
            tile(
                "Quality score", "–" if score is None or score["score"] is None else f"{score['score']:.1f}",
                score["band"] if score else "not scored yet",
                mood={"good": "good", "warning": "warning", "critical": "bad"}.get(score["band"], "") if score else "",
            ),
        ]
    )  # fmt: skip


def _alerts(rows: list[Row], now: datetime) -> Html:
    return table(
        "Open alerts",
        ("Severity", "What", "Since"),
        [
            (
                Html(f'<span class="state {escape(row["severity"])}">{escape(row["severity"])}</span>'),
                row["summary"] + (f" (looked after by {row['acknowledged_by']})" if row["acknowledged_by"] else ""),
                age(row["since_at"], now),
            )
            for row in rows
        ],
        empty="No alert is open.",
    )
