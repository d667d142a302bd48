"""``iot-assets routes``: which topics follow which convention."""

from __future__ import annotations

from pathlib import Path

import click

from iot_assets.cli.tables import print_rows
from iot_assets.decoders.routes import RouteTable
from iot_assets.decoders.toml_text import toml
from iot_assets.settings import load_settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file [default: iot.toml].")
def routes(config: Path | None, *, as_json: bool) -> None:
    """List the routes in the order in which they are tried: yours first, then the built-in ones.

    Options are those in which a route differs from its convention.
    """
    settings = load_settings(config)
    table = RouteTable(settings.routes)
    rows = []
    for number, route in enumerate(table.routes):
        convention = table.groups[table.group_of[number]].convention
        options = {name: said for name, said in route.options.items() if convention.defaults.get(name) != said}
        rows.append(
            {
                "topic": route.topic,
                "content_type": route.content_type,
                "convention": route.convention,
                "options": options if as_json else toml(options) if options else "",
                "from": "settings" if number < len(settings.routes) else "built-in",
                "description": convention.description,
            }
        )
    print_rows(rows, as_json=as_json, empty="no routes")
