"""``iot-assets backup`` and ``iot-assets restore``."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import click

from iot_assets.cli.status import in_bytes
from iot_assets.lake.paths import DataPaths
from iot_assets.ops.backup.make import make_backup
from iot_assets.ops.backup.manifest import read_manifest
from iot_assets.ops.backup.restore import ELSEWHERE, chosen
from iot_assets.ops.backup.restore import restore as put_back
from iot_assets.settings import CONFIG_VARIABLE, DEFAULT_FILE, load_settings

_config = click.option("--config", type=click.Path(path_type=Path), help="Settings file [default: iot.toml].")
_KEYS = "api-keys.json"


@click.command()
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
@click.option("--keep", type=click.IntRange(min=1), help="Delete older backups in TARGET, but for so many.")
@_config
def backup(target: Path, keep: int | None, config: Path | None) -> None:
    """Copy all that cannot be made again to a new folder in TARGET, while everything runs.

    That is the spool, the lake, the warehouse, the published copy, Dagster's storage, alerts, API keys and the settings
    file; every file is hashed. Files of the lake that the last backup in TARGET has are shared with it, as hard links.
    """
    settings = load_settings(config)
    file = config or Path(os.environ.get(CONFIG_VARIABLE, DEFAULT_FILE))
    keys = settings.server.keys_file
    others = {f"{ELSEWHERE}{file.name}": file, _KEYS: settings.data_dir / _KEYS}
    if keys is not None:
        others[f"{ELSEWHERE}{keys.name}"] = keys
    if settings.registry.file is not None:
        others[f"{ELSEWHERE}{settings.registry.file.name}"] = settings.registry.file
    made = make_backup(DataPaths(settings.data_dir), target, others=others, keep=keep)
    found = read_manifest(made)
    seconds = (datetime.fromisoformat(found.ended_at) - datetime.fromisoformat(found.begun_at)).total_seconds()
    click.echo(
        f"{made}: {len(found.files)} files, {in_bytes(found.bytes)}, {in_bytes(found.copied_bytes)} of it copied,"
        f" in {seconds:.1f} s; runs could not write for {found.runs_waited_seconds:.2f} s"
    )
    click.echo(f"It holds what was acknowledged before {found.begun_at}.")
    if variables := sorted(name for name in os.environ if name.startswith("IOT_")):
        click.echo(f"Not in it, since they are variables: {', '.join(variables)}; nor files with secrets.")


@click.command()
@click.argument("source", metavar="BACKUP", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), help="Data folder [default: data_dir].")
@_config
def restore(source: Path, to: Path | None, config: Path | None) -> None:
    """Put a backup back: BACKUP is the folder of one, or one of several, of which the newest is taken.

    The data folder must be empty; each file is compared with its hash. Then start everything as ever.
    """
    one = chosen(source)
    paths = DataPaths(to or load_settings(config).data_dir)
    found = put_back(one, paths)
    click.echo(f"{paths.root}: {len(found.files)} files, {in_bytes(found.bytes)}, as of {found.begun_at}")
    if elsewhere := [name for name in found.files if name.startswith(ELSEWHERE)]:
        click.echo(f"Put these where they belong: {', '.join(str(one / name) for name in elsewhere)}")
    if not paths.serving.exists():
        click.echo("The published copy is made anew by the first run.")
