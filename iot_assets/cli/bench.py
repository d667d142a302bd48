"""``iot-assets bench``: how fast the platform is on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from iot_assets.bench.path import measure


@click.command()
@click.option("--messages", default=100_000, show_default=True, type=click.IntRange(min=1), help="Of the backlog.")
@click.option("--repetitions", default=5, show_default=True, type=click.IntRange(min=1), help="Medians are of so many.")
@click.option(
    "--work",
    default=Path(),
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder on the disk in question [default: the current one].",
)
@click.option("--into", type=click.Path(path_type=Path), help="Keep the figures in this .json file, or in this folder.")
def bench(messages: int, repetitions: int, work: Path, into: Path | None) -> None:
    """Measure the whole path on this machine: landing, decoding, tables, a minute's run, publication.

    It starts a broker of its own (Mosquitto, if that is installed) and works in a folder of its own, gone in the end:
    nothing of yours is read or changed. Stop what else the machine does.
    """
    measure(messages=messages, repetitions=repetitions, work=work.absolute()).keep(into)
