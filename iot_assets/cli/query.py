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

from iot_assets.lake.paths import DataPaths
from iot_assets.serving.query import answer
from iot_assets.settings import load_settings


@click.command()
@click.argument("sql")
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
def query(sql: str, form: Literal["table", "csv", "json"], rows: int, config: Path | None) -> None:
    """Ask data/serving.duckdb a question in SQL.

    Example: iot-assets query "select * from gold.latest order by device_id, metric"
    """
    paths = DataPaths(load_settings(config).data_dir)
    with answer(paths, sql) as relation:
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
