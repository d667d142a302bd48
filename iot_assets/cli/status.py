"""``iot-assets status``: how the house is, on one screen."""

from __future__ import annotations

import dataclasses
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from iot_assets.health.troubles import Trouble, troubles
from iot_assets.health.vitals import Vitals, vitals
from iot_assets.settings import load_settings

_NAMED: Final = 8
_STYLES: Final = {"critical": "bold red", "warning": "yellow", "info": "cyan"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object with all figures.")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file [default: iot.toml].")
def status(*, as_json: bool, config: Path | None) -> None:
    """What runs, how far behind the tables are, how much comes in, what is wrong; exit code 1 when something is broken.

    `iot-assets doctor` tells of what could be wrong besides, and how to mend it.
    """
    settings, now = load_settings(config), datetime.now(UTC)
    found, wrong = vitals(settings, now), troubles(settings, now)
    broken = any(trouble.severity == "critical" for trouble in wrong)
    if as_json:
        told = {"ok": not broken, "troubles": [dataclasses.asdict(t) for t in wrong], **dataclasses.asdict(found)}
        click.echo(json.dumps(told, default=_iso))
    else:
        # Where nobody watches, a program or a file does, and a line is a line.
        show(Console(width=None if sys.stdout.isatty() else 1000), found, wrong)
    if broken:
        raise click.exceptions.Exit(1)


def show(console: Console, found: Vitals, wrong: list[Trouble]) -> None:
    """Print it for people."""
    console.print(figures(found))
    if not wrong:
        console.print("\nNothing is wrong.", style="green")
    for trouble in wrong:
        console.print()
        console.print(Text(f"{trouble.severity.upper()}: {trouble.title}", style=_STYLES[trouble.severity]))
        console.print(f"  {trouble.summary}", highlight=False, markup=False)
        console.print(f"  → {trouble.advice}", highlight=False, markup=False)


def figures(found: Vitals) -> Table:
    """The figures as a table of two columns."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for part in found.parts:
        runs = ("runs", "green") if part.runs else ("does not run", "yellow")
        table.add_row(part.name, Text.assemble(runs, f"; {part.says}"))
    table.add_row("published", f"{_ago(found.published_at, found.at)}; {found.waiting_files} landed files wait")
    if found.published_at is not None:
        for name, text in _of_tables(found).items():
            table.add_row(name, text)
    sizes = ", ".join(f"{name} {in_bytes(size)}" for name, size in found.bytes_of.items())
    table.add_row("disk", f"{in_bytes(found.disk_free_bytes)} ({found.disk_free_percent:g} %) free; {sizes}")
    return table


def _of_tables(found: Vitals) -> dict[str, str]:
    """What the published tables say."""
    measured, received = _ago(found.newest_event_at, found.at), _ago(found.newest_received_at, found.at)
    books = f"{found.messages or 0:,} messages, {found.readings or 0:,} readings"
    if found.messages_per_second is not None:
        rates = f"{found.messages_per_second:g} messages/s, {found.rejected_per_second:g} rejected/s"
        books += f"; {rates} over the last ten minutes"
    devices = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in sorted(found.devices.items()))
    failing = found.checks_failing
    named = f": {', '.join(failing[:_NAMED])}" if failing else ""
    more = f" and {len(failing) - _NAMED} more" if len(failing) > _NAMED else ""
    score = "not judged yet" if found.quality_score is None else f"{found.quality_score:.1f} of 100"
    return {
        "newest": f"reading of {measured}, received {received}",
        "books": books,
        "devices": devices or "none yet",
        "checks": f"{len(failing)} of {found.checks} fail{named}{more}",
        "quality": score,
    }


def in_bytes(size: float) -> str:
    """A number of bytes as people say it."""
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def _ago(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "never"
    seconds = (now - at).total_seconds()
    if seconds < -1:
        return f"{-seconds:.0f} s ahead of the clock"
    for unit, width in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * width:
            return f"{seconds / width:.0f} {unit} ago"
    return f"{max(seconds, 0):.0f} s ago"


def _iso(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
