"""``iot-assets schemas``: which shapes the messages of each route have, since when, with an example."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from iot_assets.cli.tables import print_rows
from iot_assets.lake.paths import DataPaths
from iot_assets.serving.schemas import schemas as find
from iot_assets.settings import load_settings

#: Characters of an example's payload that a person is shown.
_SHOWN: Final = 80


@click.command()
@click.option("--route", help="Only of routes with a topic pattern like this; * and ? are wildcards.")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file [default: iot.toml].")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def schemas(route: str | None, config: Path | None, *, as_json: bool) -> None:
    """List the shapes of messages: which metrics come together, since when, with an example.

    A shape is the set of metrics that one message gives, each a number or a text. The oldest of each route comes first.
    """
    found = find(DataPaths(load_settings(config).data_dir), route)
    rows = [_plain(row) if as_json else _told(row) for row in found]
    print_rows(rows, as_json=as_json, empty="no message has been read yet")


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "example_payload": row["example_payload"].decode(errors="replace")}


def _told(row: dict[str, Any]) -> dict[str, Any]:
    metrics = [*row["numbers"], *(f"{name} (text)" for name in row["texts"])]
    return {
        "route": row["route"],
        "shape": row["shape"],
        "metrics": ", ".join(metrics),
        "messages": row["messages"],
        "since": row["since_at"],
        "last seen": row["last_seen_at"],
        "example topic": row["example_topic"],
        "example": repr(row["example_payload"].decode(errors="replace")[:_SHOWN])[1:-1],
    }
