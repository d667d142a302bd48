"""Printing rows: as a table for people, as one JSON object a line for programs."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any, Final

import click
from rich.console import Console
from rich.table import Table

#: Wide enough for any row.
_WIDE: Final = 10_000


def print_rows(rows: list[dict[str, Any]], *, as_json: bool, empty: str) -> None:
    """Print rows that have the same keys.

    Args:
        rows: the rows.
        as_json: one JSON object a line instead of a table.
        empty: what a person is told when there are none.
    """
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, default=str))
        return
    if not rows:
        click.echo(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, value in rows[0].items():
        table.add_column(name, justify="right" if isinstance(value, int | float) else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else _shown(value) for value in row.values()))
    # Where nobody watches, a program or a file does, and a line is a line.
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)


def _shown(value: object) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else str(value)
