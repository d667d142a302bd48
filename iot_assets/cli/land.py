"""``iot-assets land``: run the lander in the foreground until it is told to stop."""

from __future__ import annotations

import logging
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iot_assets.landing.lander import run_lander
from iot_assets.settings import load_settings

if TYPE_CHECKING:
    from types import FrameType


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="Settings file, instead of iot.toml.")
@click.option(
    "--until-idle",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="End once connected and nothing has arrived for so long (for CI).",
)
def land(config: Path | None, until_idle: float | None) -> None:
    """Take what devices send, make it durable, acknowledge it, and land it as Parquet files.

    Stops on Ctrl-C or SIGTERM once everything it took is landed and acknowledged; a second signal ends it at once,
    which loses nothing either: the next start lands what is in the spool.
    """
    settings = load_settings(config)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", datefmt="%Y-%m-%d %H:%M:%S")
    stop = threading.Event()
    _stop_on_signals(stop)
    report = run_lander(settings, stop=stop, until_idle=until_idle)
    click.echo(
        f"taken {report.taken} messages, acknowledged {report.acknowledged}, landed {report.landed}"
        f" in {report.files} files, {report.seconds:.1f} s",
        err=True,
    )
    if report.storage_problem is not None or (until_idle is not None and report.broker_problem is not None):
        raise click.exceptions.Exit(1)


def _stop_on_signals(stop: threading.Event) -> None:
    """Set handlers outright: a shell that starts us with ``&`` has SIGINT ignored, which would be inherited."""

    def handle(number: int, frame: FrameType | None) -> None:
        del frame
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
