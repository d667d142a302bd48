"""``iot-assets shell``: DuckDB's own program on the published copy."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import click

from iot_assets.errors import IotAssetsError
from iot_assets.lake.paths import DataPaths
from iot_assets.serving.published import QuestionError
from iot_assets.settings import load_settings


class NoShellError(IotAssetsError):
    """DuckDB's program is missing: install it, or ask with `iot-assets query`."""


# Without -h, which is a letter of DuckDB's own options.
@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--config", type=click.Path(path_type=Path), help="Settings file [default: iot.toml].")
def shell(arguments: tuple[str, ...], config: Path | None) -> None:
    """Open data/serving.duckdb read-only in DuckDB's shell, instants in UTC.

    Further ARGUMENTS go to DuckDB: iot-assets shell -c "from gold.latest". A shell keeps the copy that it opened;
    open another one for what has been published since.
    """
    serving = DataPaths(load_settings(config).data_dir).serving
    if not serving.exists():
        raise QuestionError(f"{serving} does not exist yet: it appears with the first publication")
    program = find_duckdb()
    if program is None:
        raise NoShellError(
            "the program duckdb is not installed: `pip install duckdb-cli` brings it, and so does your system's package"
            " of DuckDB; `iot-assets query` needs neither"
        )
    sys.stdout.flush()
    os.execv(program, [program, "-readonly", "-cmd", "set TimeZone = 'UTC'", str(serving), *arguments])  # noqa: S606 - DuckDB's program, by argument list


def find_duckdb() -> str | None:
    """DuckDB's program: the one installed with this package, else the one on PATH."""
    beside = Path(sys.executable).parent
    return shutil.which("duckdb", path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}")
