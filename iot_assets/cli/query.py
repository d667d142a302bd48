"""``iot-assets query``: SQL on the published copy, at any moment."""

from __future__ import annotations

import contextlib
import io
import shutil
from pathlib import Path
from typing import Literal

import click
import duckdb
import polars as pl

from iot_assets.cli.tables import print_rows
from iot_assets.lake.paths import DataPaths
from iot_assets.serving.examples import answers, example, examples
from iot_assets.serving.query import answer
from iot_assets.settings import load_settings


def _names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of examples, for shell completion."""
    del ctx, param
    return [name for name in examples() if name.startswith(incomplete)]


@click.command()
@click.argument("sql", required=False)
@click.option("--example", "name", shell_complete=_names, help="Ask a ready question instead of SQL.")
@click.option("--list-examples", is_flag=True, help="Show the ready questions.")
@click.option("--show", is_flag=True, help="With --example: print its SQL instead of asking it.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="How to print the answer; json prints one object a line.",
)
@click.option("--rows", default=40, show_default=True, help="Rows that a table shows at most.")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file [default: iot.toml].")
def query(
    sql: str | None,
    name: str | None,
    form: Literal["table", "csv", "json"],
    rows: int,
    config: Path | None,
    *,
    list_examples: bool,
    show: bool,
) -> None:
    """Ask data/serving.duckdb a question in SQL, or a ready one by its name.

    Example: iot-assets query "select * from gold.latest order by device_id, metric"
    """
    if list_examples:
        listed = [{"example": name, "answers": answers(text)} for name, text in examples().items()]
        print_rows(listed, as_json=form == "json", empty="no examples are installed")
        return
    if (sql is None) == (name is None):
        raise click.UsageError("say what to ask: SQL, or --example NAME (--list-examples shows them)")
    asked = sql if name is None else example(name)
    assert asked is not None
    if show:
        click.echo(asked)
        return
    paths = DataPaths(load_settings(config).data_dir)
    with answer(paths, asked) as relation:
        if form == "table":
            click.echo(_table(relation, rows), nl=False)
            return
        frame = pl.from_arrow(relation.to_arrow_table())
        assert isinstance(frame, pl.DataFrame)
        click.echo(frame.write_csv() if form == "csv" else frame.write_ndjson(), nl=False)


def _table(relation: duckdb.DuckDBPyRelation, rows: int) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        relation.show(max_rows=rows, max_width=shutil.get_terminal_size((160, 40)).columns)
    return shown.getvalue()
