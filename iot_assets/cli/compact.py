"""``iot-assets compact``: give back to the disk what deletes have freed in the warehouse file."""

from __future__ import annotations

from pathlib import Path

import click

from iot_assets.cli.jobs import run_job


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="Settings file [default: iot.toml].")
def compact(config: Path | None) -> None:
    """Rewrite the warehouse file, as a run of the Dagster job `compact`.

    Needs room on the disk for a second copy; runs wait meanwhile, readers of serving.duckdb notice nothing.
    """
    for line in run_job("compact", config, doing="rewriting the warehouse file"):
        click.echo(line)
