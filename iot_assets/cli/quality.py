"""``iot-assets quality``: how good the data are, which part of a score has fallen, and why."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from iot_assets.cli.tables import print_rows
from iot_assets.lake.paths import DataPaths
from iot_assets.serving.published import published
from iot_assets.serving.reads import quality as reads
from iot_assets.serving.reads.question import Question, Scope
from iot_assets.settings import load_settings

_DAY: Final = click.DateTime(["%Y-%m-%d"])
_PARTS: Final = ("completeness", "validity", "uniqueness", "timeliness", "consistency")
_config = click.option("--config", type=click.Path(path_type=Path), help="Settings file [default: iot.toml].")
_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with all columns.")


@click.group(invoke_without_command=True)
@click.pass_context
def quality(context: click.Context) -> None:
    """How good the data are: scores by day, counters by hour, and the rows behind them.

    Without a verb: the scores of the newest day.
    """
    if context.invoked_subcommand is None:
        context.invoke(scores)


@quality.command()
@click.option("--scope", "scopes", multiple=True, type=click.Choice(reads.SCOPES), help="Only of these.")
@click.option("--name", "names", multiple=True, help="Only of this device, site or route.")
@click.option(
    "--band", "bands", multiple=True, type=click.Choice(["good", "warning", "critical"]), help="Only in this band."
)
@click.option("--from", "first", type=_DAY, help="From this day on (UTC); without days, the newest only.")
@click.option("--to", "last", type=_DAY, help="Up to this day.")
@click.option("--limit", default=50, show_default=True, help="How many, the worst first.")
@_json
@_config
def scores(
    limit: int = 50,
    *,
    first: datetime | None = None,
    last: datetime | None = None,
    as_json: bool = False,
    config: Path | None = None,
    **chosen: tuple[str, ...],
) -> None:
    """Scores from 0 to 100 of the fleet, sites, routes and devices, each part in percent."""
    question = reads.scores(**chosen, first=_day(first), last=_day(last))
    rows = _answer(config, question, f"score nulls last, scope, name, day limit {limit}")
    if not as_json:
        order = {scope: place for place, scope in enumerate(reads.SCOPES)}
        rows.sort(key=lambda row: order[row["scope"]])  # a stable sort: the worst of each stay first
        rows = [_told_score(row) for row in rows]
    print_rows(rows, as_json=as_json, empty="no hour has been judged yet: the first is, a few minutes after it began")


@quality.command()
@click.option("--device", "devices", multiple=True, help="Only of this device.")
@click.option("--metric", "metrics", multiple=True, help="Only of this metric.")
@click.option("--day", type=_DAY, help="Only of this day (UTC) [default: today].")
@click.option(
    "--band", "bands", multiple=True, type=click.Choice(["good", "warning", "poor"]), help="Only in this band."
)
@click.option("--limit", default=100, show_default=True, help="How many, the newest first.")
@_json
@_config
def hours(
    devices: tuple[str, ...],
    metrics: tuple[str, ...],
    day: datetime | None,
    bands: tuple[str, ...],
    limit: int,
    *,
    as_json: bool,
    config: Path | None,
) -> None:
    """Counters of each device and metric by hour."""
    start = (day or datetime.now(UTC)).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC)
    scope = Scope(devices, metrics, start, start + timedelta(days=1))
    rows = _answer(config, reads.hours(scope, bands=bands), f"hour_at desc, device_id, metric limit {limit}")
    print_rows(
        rows if as_json else [_told_hour(row) for row in rows], as_json=as_json, empty="no such hour has been judged"
    )


@quality.command()
@click.argument("device")
@click.option("--day", type=_DAY, help="Of this day (UTC) [default: today].")
@click.option("--limit", default=200, show_default=True, help="How many, the first of the day first.")
@_json
@_config
def why(device: str, day: datetime | None, limit: int, *, as_json: bool, config: Path | None) -> None:
    """What DEVICE lost points for on a day: missing, late and repeated readings, broken rules, rejected messages.

    `iot-assets trace` leads from a reading to its message, `iot-assets rejects show --id` to a rejected one.
    """
    question = reads.reasons(device, _day(day) or datetime.now(UTC).date())
    rows = _answer(config, question, f"happened_at, what, metric limit {limit}")
    print_rows(rows, as_json=as_json, empty=f"{device} lost no points that day")


def _answer(config: Path | None, question: Question, order: str) -> list[dict[str, Any]]:
    with published(DataPaths(load_settings(config).data_dir)) as connection:
        cursor = connection.execute(f"select * from ({question.sql}) order by {order}", question.parameters)
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _told_score(row: dict[str, Any]) -> dict[str, Any]:
    told = {name: row[name] for name in ("day", "scope", "name", "devices")}
    told |= {"score": _rounded(row["score"]), "band": row["band"]}
    told |= {part: _rounded(None if row[part] is None else 100 * row[part]) for part in _PARTS}
    return told


def _told_hour(row: dict[str, Any]) -> dict[str, Any]:
    told = {
        name: row[name] for name in ("hour_at", "device_id", "metric", "band", "interval_s", "expected", "received")
    }
    told |= {name: row[name] or None for name in ("excluded", "duplicates", "late", "rejected", "inconsistent", "gaps")}
    return told


def _rounded(percent: float | None) -> float | None:
    return None if percent is None else round(percent, 1)


def _day(given: datetime | None) -> date | None:
    return None if given is None else given.date()
