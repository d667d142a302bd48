"""``iot-assets watch``: the newest readings in the terminal, as they come."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console, Group
from rich.live import Live as Screen
from rich.table import Table
from rich.text import Text

from iot_assets.lake.paths import DataPaths
from iot_assets.serving.live.live import Live
from iot_assets.serving.pool import PublishedPool
from iot_assets.serving.published import QuestionError
from iot_assets.serving.reads.latest import latest
from iot_assets.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

#: Lines that the screen needs for itself.
_FRAME: Final = 4
_WIDE: Final = 1000
#: What is newer than this stands out.
_FRESH_SECONDS: Final = 5.0


@click.command()
@click.option("--device", "devices", multiple=True, help="Only of this device; may be given several times.")
@click.option("--metric", "metrics", multiple=True, help="Only of this metric.")
@click.option("--every", type=click.FloatRange(min=0.2), default=1.0, show_default=True, help="Seconds between looks.")
@click.option("--times", type=click.IntRange(min=1), help="End after so many looks, instead of at Ctrl-C.")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file [default: iot.toml].")
def watch(
    devices: tuple[str, ...], metrics: tuple[str, ...], every: float, times: int | None, config: Path | None
) -> None:
    """Show the newest reading of each device and metric, the newest first, with what is not published yet."""
    # Where nobody watches, a program or a file does, and a line is a line.
    console = Console(width=None if sys.stdout.isatty() else _WIDE)
    with _source(load_settings(config)) as look:
        first = _screen(look(devices, metrics), console.height)
        with Screen(first, console=console, auto_refresh=False, screen=console.is_terminal) as screen:
            done = 1
            while times is None or done < times:
                try:
                    time.sleep(every)
                    shown = _screen(look(devices, metrics), console.height)
                except QuestionError as error:  # a new publication may be looked at just as it takes its place
                    shown = Group(Text(str(error), style="yellow"))
                except KeyboardInterrupt:
                    return
                screen.update(shown, refresh=True)
                done += 1


@contextlib.contextmanager
def _source(settings: Settings) -> Iterator[Callable[[tuple[str, ...], tuple[str, ...]], list[dict[str, Any]]]]:
    """Asks for the latest readings: with the live tail where it is on."""
    pool = PublishedPool(DataPaths(settings.data_dir), threads=1)
    live = Live(settings, pool) if settings.server.live.enabled else None

    def look(devices: tuple[str, ...], metrics: tuple[str, ...]) -> list[dict[str, Any]]:
        question = latest(devices, metrics, live=live is not None)
        with (live or pool).cursor() as cursor:
            answer = cursor.execute(f"select * from ({question.sql}) order by event_at desc, device_id, metric")
            names = [column[0] for column in answer.description or []]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    try:
        yield look
    finally:
        if live is not None:
            live.close()
        pool.close()


def _screen(rows: list[dict[str, Any]], height: int) -> Group:
    """The table, as much of it as there is room for."""
    now = datetime.now(UTC)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("device", "metric", "value", "unit", "age", "flags"):
        table.add_column(name, justify="right" if name in ("value", "age") else "left", no_wrap=True)
    shown = rows[: max(height - _FRAME, 1)]
    for row in shown:
        age = (now - row["event_at"]).total_seconds()
        value = f"{row['value']:.6g}" if row["value"] is not None else row["value_text"]
        cells = (
            row["device_id"],
            row["metric"],
            value or "",
            row["unit"] or "",
            f"{age:.0f} s",
            " ".join(row["flags"]),
        )
        # As texts: names of devices may hold brackets, which rich would take for markup.
        table.add_row(*(Text(cell) for cell in cells), style="green" if age < _FRESH_SECONDS else "")
    devices = len({row["device_id"] for row in rows})
    hidden = f", {len(rows) - len(shown)} more below" if len(rows) > len(shown) else ""
    head = Text(f"{now:%H:%M:%S} UTC: {len(rows)} series of {devices} devices{hidden}; Ctrl-C ends", style="bold")
    return Group(head, table)
