"""``iot-assets diff``: what differs between two published files, or would differ once this were published."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from iot_assets.cli.tables import print_rows
from iot_assets.lake.paths import DataPaths
from iot_assets.serving.diff import TableDiff
from iot_assets.serving.diff import diff as compare
from iot_assets.settings import load_settings

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("before", type=_FILE, required=False)
@click.argument("after", type=_FILE, required=False)
@click.option("--rebuild", type=click.DateTime(["%Y-%m-%d"]), help="Decode this landed day (UTC) again for it.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object a table, also of tables that are the same."
)
@click.option("--config", type=click.Path(path_type=Path), help="Settings file [default: iot.toml].")
@click.pass_context
def diff(
    context: click.Context,
    *,
    before: Path | None,
    after: Path | None,
    rebuild: datetime | None,
    as_json: bool,
    config: Path | None,
) -> None:
    """Compare two published files, or what is published with what would be.

    BEFORE and AFTER are files like data/serving.duckdb. With none of them, what is published is compared with what the
    settings and code as they are now would publish: rules and formulas are applied to a copy of the warehouse, which is
    thrown away; nothing is changed. Ends with 1 if anything differs.
    """
    if before is not None and after is None:
        raise click.UsageError("name both files, or none of them")
    if before is not None and after is not None:
        if rebuild is not None:
            raise click.UsageError("--rebuild goes with the warehouse, not with two files")
        found = compare(before, after)
    else:
        from iot_assets.cli.rehearsal import rehearsed  # noqa: PLC0415 - two files are compared without Dagster

        settings = load_settings(config)
        published = DataPaths(settings.data_dir).serving
        with rehearsed(settings, rebuild.date() if rebuild else None) as would_be:
            found = compare(published, would_be)
    if as_json:
        for table in found:
            click.echo(json.dumps(asdict(table), default=str))
    else:
        _print(found)
    if any(table.differs for table in found):
        context.exit(1)


def _print(found: Iterable[TableDiff]) -> None:
    differing = [table for table in found if table.differs]
    if not differing:
        click.echo("no table differs")
        return
    print_rows([_line(table) for table in differing], as_json=False, empty="")
    for table in differing:
        if any(day.day for day in table.days):
            _titled(f"{table.table} by day", [asdict(day) for day in table.days])
        _titled(f"{table.table}, the largest changes", table.largest)
        _titled(f"{table.table}, rows that only one of them has", table.examples)


def _line(table: TableDiff) -> dict[str, Any]:
    line = asdict(table)
    return {name: line[name] for name in ("table", "rows_before", "rows_after", "added", "removed", "changed")}


def _titled(title: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        click.echo(f"\n{title}")
        print_rows(rows, as_json=False, empty="")
