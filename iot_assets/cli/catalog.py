"""``iot-assets catalog``: which devices and metrics there are."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Final, Literal

import click

from iot_assets.cli.tables import print_rows
from iot_assets.lake.paths import DataPaths
from iot_assets.serving.published import ask, published
from iot_assets.settings import load_settings

#: What a person sees; programs get all columns of gold.catalog.
_SHOWN: Final = (
    "device_id", "metric", "kind", "site", "unit", "state", "since_at", "last_at", "last_value", "last_text",
    "readings", "score",
)  # fmt: skip


@click.command()
@click.option("--device", default="*", show_default=True, help="Devices whose id is like this.")
@click.option("--metric", default="*", show_default=True, help="Metrics whose name is like this.")
@click.option("--site", default="*", show_default=True, help="Devices whose site is like this.")
@click.option("--kind", default="*", show_default=True, help="Devices of kinds like this.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="How to print; json prints one object a line, csv and json print all columns of gold.catalog.",
)
@click.option("--config", type=click.Path(path_type=Path), help="Settings file [default: iot.toml].")
def catalog(
    *, device: str, metric: str, site: str, kind: str, form: Literal["table", "csv", "json"], config: Path | None
) -> None:
    """List devices and metrics: kind, unit, since when, the last value, how many readings, how good.

    In the options * stands for any characters and ? for any one.
    """
    with published(DataPaths(load_settings(config).data_dir)) as connection:
        rows = ask(connection, "catalog", {"device": device, "metric": metric, "site": site, "kind": kind})
    if form == "csv":
        writer = csv.writer(sys.stdout)
        if rows:
            writer.writerow(rows[0])
        writer.writerows(row.values() for row in rows)
        return
    if form == "table":
        rows = [{name: _round(row[name]) for name in _SHOWN} for row in rows]
    print_rows(rows, as_json=form == "json", empty="there is no such device or metric")


def _round(value: object) -> object:
    return f"{value:.6g}" if isinstance(value, float) else value
