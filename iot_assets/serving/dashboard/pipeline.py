"""The way of the data: how much passes, how long it takes, what waits, and which runs carried it."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from iot_assets.serving.dashboard.charts import Options, bars, line, millis, over_time
from iot_assets.serving.dashboard.markup import (
    Html,
    age,
    duration,
    joined,
    link,
    size,
    table,
    text,
    tile,
    tiles,
)
from iot_assets.serving.dashboard.overview import bucket_seconds, messages_chart
from iot_assets.serving.reads.files import files
from iot_assets.serving.reads.runs import runs
from iot_assets.serving.reads.throughput import throughput

if TYPE_CHECKING:
    from iot_assets.landing.status import LanderStatus
    from iot_assets.serving.dashboard.edition import Edition, Found, Row
    from iot_assets.serving.dashboard.filters import Filters
    from iot_assets.serving.dashboard.frame import Frame, Show
    from iot_assets.serving.dashboard.vitals import Running

_BARS = 100


async def ask(edition: Edition, filters: Filters) -> Found:
    """What is shown of a publication."""
    span = edition.span(filters)
    seconds = bucket_seconds(span, _BARS)
    return await edition.answers(
        passing=throughput(first=span[0], after=span[1], seconds=seconds),
        taken=files(first=span[0], after=span[1], seconds=seconds),
        runs=runs(most=15),
    )


def build(frame: Frame) -> Show:
    """Put the panels; the answer fills them."""
    messages = frame.chart("Throughput", height=220)
    errors = frame.chart("Error rate", height=220, note="rejected messages of all, %")
    latency = frame.chart("Latency", height=220, note="seconds, median and 95th percentile of the files")
    landed = frame.chart("Landed files", height=220, note="MB, and how many files")
    figures = frame.panel()
    processes = frame.panel("Processes and disk", wide=True)
    history = frame.panel("Runs", wide=True)
    exports = frame.panel()

    async def show(found: Found) -> None:
        span, passing, taken = frame.span(), found["passing"], found["taken"]
        told, lander = await frame.house.vitals.told(), frame.house.vitals.lander()
        messages.draw(messages_chart(passing, bucket_seconds(span, _BARS), span), empty="No messages in this time.")
        errors.draw(_errors(passing, span), empty="No messages in this time.")
        latency.draw(_latency(taken, span), empty="No file was taken in this time.")
        landed.draw(_landed(taken, span), empty="No file was taken in this time.")
        figures.show(_tiles(frame, told, lander, taken))
        history.show(_runs(frame, found["runs"]))
        running, disk = await frame.house.vitals.resources()
        processes.show(_processes(running, lander, disk))
        exports.show(_exports(frame, span))

    return show


def _errors(rows: list[Row], span: tuple[datetime, datetime]) -> Options | None:
    every: dict[datetime, int] = defaultdict(int)
    bad: dict[datetime, int] = defaultdict(int)
    for row in rows:
        every[row["bucket_at"]] += row["messages"]
        bad[row["bucket_at"]] += row["messages"] if row["outcome"] == "rejected" else 0
    if not every:
        return None
    points = [[millis(at), round(100 * bad[at] / count, 3)] for at, count in sorted(every.items()) if count]
    series = line("rejected", points, color="#d1495b", areaStyle={"opacity": 0.15}, showSymbol=len(points) < 3)
    return over_time([series], description="Share of messages rejected.", span=span, names=False, scale=False, min=0)


def _latency(rows: list[Row], span: tuple[datetime, datetime]) -> Options | None:
    if not rows:
        return None
    named = {
        "collected in a file (median)": ("sealed_p50", {}),
        "from file to tables (median)": ("entered_p50", {}),
        "from file to tables (95 %)": ("entered_p95", {"lineStyle": {"type": "dashed", "width": 1.4}}),
    }
    series = [
        line(
            name,
            [[millis(row["bucket_at"]), round(row[column], 2)] for row in rows if row[column] is not None],
            showSymbol=len(rows) < 3, **more,
        )
        for name, (column, more) in named.items()
    ]  # fmt: skip
    return over_time(series, description="Seconds that each stage takes.", span=span, scale=False)


def _landed(rows: list[Row], span: tuple[datetime, datetime]) -> Options | None:
    if not rows:
        return None
    sizes = bars("MB", [[millis(row["bucket_at"]), round(row["bytes"] / 1e6, 3)] for row in rows])
    counts = line("files", [[millis(row["bucket_at"]), row["files"]] for row in rows], yAxisIndex=1)
    options = over_time([sizes, counts], description="Size and number of landed files.", span=span, scale=False)
    second: dict[str, Any] = {**options["yAxis"], "splitLine": {"show": False}}
    options["yAxis"] = [options["yAxis"], second]
    return options


def _tiles(frame: Frame, told: Row, lander: LanderStatus | None, taken: list[Row]) -> Html:
    clock = datetime.now(UTC)
    rate = frame.house.vitals.rate(lander)
    late = max((row["entered_p95"] for row in taken if row["entered_p95"] is not None), default=None)
    published = datetime.fromisoformat(told["published_at"]) if "published_at" in told else None
    sentences = [
        tile("Messages per second", "–" if rate is None else f"{rate:,.1f}", "received, last seconds"),
        tile(
            "Waiting files", told["waiting_files"], "landed, not yet in the tables",
            mood="warning" if told["waiting_files"] > frame.house.settings.schedule.backlog_files else "good",
        ),
        tile("Slowest to the tables", "–" if late is None else duration(late), "95 % of the files, in this time"),
        tile("Published", age(published, clock), text(published)),
    ]  # fmt: skip
    if lander is not None:
        sentences.append(
            tile(
                "In the spool", lander.received_messages - lander.landed_messages if lander.landed_messages else "–",
                f"{lander.segments_waiting} segments wait", mood="bad" if lander.storage_problem else "",
            )
        )  # fmt: skip
    else:
        sentences.append(tile("Lander", "–", "none runs on this machine"))
    return tiles(sentences)


def _runs(frame: Frame, rows: list[Row]) -> Html:
    shown = [
        (
            link(f"{frame.dagster()}/runs/{row['run_id']}", row["run_id"][:8]),
            row["last_at"],
            age(row["last_at"], frame.now),
            duration(max((row["last_at"] - row["first_at"]) / timedelta(seconds=1), 0)),
            row["checks"],
            Html(
                f'<span class="state {"failed" if row["grave"] else "warning" if row["failed"] else "passed"}">'
                f"{row['failed'] or 'none'}</span>"
            ),
        )
        for row in rows
    ]
    columns = ("Run", "Ended", "Ago", "From first check to last", "Checks", "Failed")
    way = Html(f'<p class="none"><a href="{escape(frame.dagster())}">Dagster</a> shows each run step by step.</p>')
    return joined(table("Runs", columns, shown, empty="No run in the last two days."), way)


def _processes(running: list[Running], lander: LanderStatus | None, disk: list[tuple[str, int]]) -> Html:
    rows = [
        (
            one.process.name,
            str(one.process.pid),
            size(one.process.memory),
            f"{one.share:.1%}",
            duration(one.process.cpu_seconds),
        )
        for one in running
    ]
    columns = ("Process", "Number", "Memory", "Computing", "Computed in all")
    listed = table("Processes", columns, rows, empty="")
    doing = "" if lander is None else "connected" if lander.connected else lander.broker_problem or "not connected"
    said = Html(f'<p class="none">The lander is {escape(doing)}.</p>') if doing else Html("")
    sizes = table("Disk", ("What", "Size"), [(name, size(count)) for name, count in disk], empty="")
    return joined(listed, said, sizes)


def _exports(frame: Frame, span: tuple[datetime, datetime]) -> Html:
    times = {"from": span[0].isoformat(), "to": span[1].isoformat(), "limit": "100000"}
    query = urlencode({"seconds": bucket_seconds(span, _BARS), **times})
    return joined(
        frame.export(f"pipeline/messages?{query}", "messages"),
        frame.export(f"pipeline/files?{query}", "files"),
        frame.export("pipeline/runs?limit=1000", "runs"),
    )
