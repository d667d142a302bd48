"""``iot-assets settings``: the settings in force and where each comes from; also the example file and the docs page.

Belongs here: the command and the table. Does not: the settings themselves (``iot_assets/settings.py``), the texts made
from the tree (``settings_text.py``).
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from iot_assets.cli.settings_text import example_toml, leaves, markdown, value_text
from iot_assets.settings import CONFIG_VARIABLE, DEFAULT_FILE, load_settings


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="Settings file, instead of iot.toml.")
@click.option("--json", "as_json", is_flag=True, help="The settings in force, as JSON.")
@click.option("--example", is_flag=True, help="A documented settings file with every key, its default commented out.")
@click.option("--markdown", "as_markdown", is_flag=True, help="The docs page of all settings.")
def settings(config: Path | None, *, as_json: bool, example: bool, as_markdown: bool) -> None:
    """Show the settings in force and where each comes from; passwords are masked."""
    if example:
        click.echo(example_toml(), nl=False)
    elif as_markdown:
        click.echo(markdown(), nl=False)
    else:
        loaded = load_settings(config)
        tree = loaded.model_dump(mode="json")
        click.echo(json.dumps(tree, indent=2) if as_json else _table(tree, _file(config)), nl=as_json)


def _file(config: Path | None) -> Path:
    return config or Path(os.environ.get(CONFIG_VARIABLE) or DEFAULT_FILE)


def _table(tree: Mapping[str, Any], file: Path) -> str:
    from_file = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    rows = [("setting", "value", "from")]
    for leaf in leaves():
        value = _at(tree, leaf.path)
        rows.append(
            (".".join(leaf.path), "" if value is None else value_text(value), _source(leaf.path, from_file, file))
        )
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    lines = [f"{name:<{widths[0]}}  {value:<{min(widths[1], 40)}}  {source}" for name, value, source in rows]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _source(path: tuple[str, ...], from_file: Mapping[str, Any], file: Path) -> str:
    """Where the value comes from; a variable may also hold a whole section as JSON."""
    for depth in range(len(path), 0, -1):
        wanted = "IOT_" + "__".join(path[:depth]).upper()
        for name, text in os.environ.items():
            if name.upper() == wanted and (
                depth == len(path) or _at(_json(text), path[depth:], absent=_ABSENT) is not _ABSENT
            ):
                return name
    return str(file) if _at(from_file, path, absent=_ABSENT) is not _ABSENT else "default"


_ABSENT = object()


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return {}


def _at(tree: Any, path: tuple[str, ...], *, absent: object = None) -> Any:
    for part in path:
        if not isinstance(tree, Mapping) or part not in tree:
            return absent
        tree = tree[part]
    return tree
