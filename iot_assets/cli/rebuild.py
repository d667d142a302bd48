"""``iot-assets rebuild``: decode landed days again, each as a run of the Dagster job ``rebuild``."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path

import click

from iot_assets.cli.jobs import run_job
from iot_assets.lake.paths import DataPaths, landed_days
from iot_assets.settings import load_settings

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.option("--from", "first", type=_DAY, help="First landed day (UTC) [default: the first there is].")
@click.option("--to", "last", type=_DAY, help="Last landed day (UTC), included [default: the last there is].")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file [default: iot.toml].")
def rebuild(first: datetime | None, last: datetime | None, config: Path | None) -> None:
    """Decode landed days again from the lake and heal everything made from them.

    Each day is a run of the Dagster job `rebuild`, seen in the UI like any other; a run in progress is waited for.
    With no options the whole warehouse is made again.
    """
    paths = DataPaths(load_settings(config).data_dir)
    days = [d for d in sorted(landed_days(paths)) if _within(d, first, last)]
    if not days:
        raise click.ClickException(f"no day in {paths.landed} lies in that span")
    with click.progressbar(days, label="rebuilding", item_show_func=lambda d: str(d or ""), file=sys.stderr) as bar:
        for day in bar:
            run_job("rebuild", config, doing=f"rebuilding {day}", tags={"dagster/partition": day.isoformat()})
    click.echo(f"rebuilt {len(days)} landed days, {days[0]} to {days[-1]}, at {datetime.now(UTC):%Y-%m-%d %H:%M:%SZ}")


def _within(day: date, first: datetime | None, last: datetime | None) -> bool:
    return (first is None or day >= first.date()) and (last is None or day <= last.date())
