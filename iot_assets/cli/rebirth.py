"""``iot-assets rebirth``: ask Sparkplug edge nodes for new birth certificates."""

from __future__ import annotations

import time
from pathlib import Path

import click

from iot_assets.decoders.readers.sparkplug_commands import rebirth as command_of
from iot_assets.landing.command import send
from iot_assets.settings import load_settings


def _node(ctx: click.Context, parameter: click.Parameter, nodes: tuple[str, ...]) -> tuple[str, ...]:
    del ctx, parameter
    for node in nodes:
        parts = node.split("/")
        if len(parts) < 2 or not all(parts) or set(node) & {"+", "#"}:
            raise click.BadParameter(f"{node!r} is no edge node; write group/node")
    return nodes


@click.command()
@click.argument("nodes", nargs=-1, required=True, callback=_node, metavar="GROUP/NODE...")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file [default: iot.toml].")
def rebirth(nodes: tuple[str, ...], config: Path | None) -> None:
    """Ask Sparkplug edge nodes for their births: publishes `Node Control/Rebirth` to each.

    Their answer, new birth certificates, makes data readable that is held for want of one.
    """
    mqtt = load_settings(config).mqtt
    send(mqtt, [command_of(node, time.time_ns() // 1_000_000) for node in nodes])
    for node in nodes:
        click.echo(f"asked {node} to be born again")
