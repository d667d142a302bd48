"""``iot-assets keys``: who may ask the REST API, and for what."""

from __future__ import annotations

from pathlib import Path

import click

from iot_assets.cli.tables import print_rows
from iot_assets.serving.api.app import keys_file
from iot_assets.serving.api.keys import SCOPES, Keys
from iot_assets.settings import load_settings

_CONFIG = click.option("--config", type=click.Path(path_type=Path), help="Settings file [default: iot.toml].")


@click.group()
def keys() -> None:
    """Make, list and revoke keys of the REST API."""


@keys.command()
@click.argument("name")
@click.option(
    "--scope", "scopes", type=click.Choice(list(SCOPES)), multiple=True, default=("read",), show_default=True,
    help="What it is for; may be given several times.",
)  # fmt: skip
@_CONFIG
def make(name: str, scopes: tuple[str, ...], config: Path | None) -> None:
    """Make a key and print it, this once: only its hash is kept."""
    click.echo(Keys(keys_file(load_settings(config))).make(name, scopes))


@keys.command("list")
@_CONFIG
def list_keys(config: Path | None) -> None:
    """What keys there are, and what each is for."""
    found = Keys(keys_file(load_settings(config))).all()
    print_rows(
        [{"name": key.name, "scopes": " ".join(key.scopes), "made_at": key.made_at} for key in found],
        as_json=False,
        empty="no keys yet; `iot-assets keys make NAME` makes one",
    )


@keys.command()
@click.argument("name")
@_CONFIG
def revoke(name: str, config: Path | None) -> None:
    """Take a key back; from the next request on it opens nothing."""
    Keys(keys_file(load_settings(config))).revoke(name)
    click.echo(f"{name} opens nothing any more")
