"""``iot-assets shell``: DuckDB's own program on the published copy, with what is not published yet beside it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from datetime import UTC
from pathlib import Path

import click

from iot_assets.errors import IotAssetsError
from iot_assets.lake.paths import DataPaths
from iot_assets.serving.published import QuestionError
from iot_assets.settings import Settings, load_settings


class NoShellError(IotAssetsError):
    """DuckDB's program is missing: install it, or ask with `iot-assets query`."""


# Without -h, which is a letter of DuckDB's own options.
@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--live/--no-live", default=True, help="With what is not published yet, too [default: live].")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file [default: iot.toml].")
def shell(arguments: tuple[str, ...], config: Path | None, *, live: bool) -> None:
    """Open data/serving.duckdb read-only in DuckDB's shell, instants in UTC.

    live_readings, live_latest and live_corrections show what has landed, or lies in the spool of a lander on this
    machine, beside what is published. Further ARGUMENTS go to DuckDB: iot-assets shell -c "from live_latest". A shell
    keeps what there was when it was opened; open another one for what has come since.
    """
    settings = load_settings(config)
    serving = DataPaths(settings.data_dir).serving
    if not serving.exists():
        raise QuestionError(f"{serving} does not exist yet: it appears with the first publication")
    program = find_duckdb()
    if program is None:
        raise NoShellError(
            "the program duckdb is not installed: `pip install duckdb-cli` brings it, and so does your system's package"
            " of DuckDB; `iot-assets query` needs neither"
        )
    name = str(serving).replace("'", "''")
    opened = [f"attach '{name}' as serving (read_only)", "use serving", "set TimeZone = 'UTC'"]
    with tempfile.TemporaryDirectory(prefix="iot-shell-") as folder:
        if live:
            opened.append(f".read '{_handed(settings, Path(folder))}'")
        sys.stdout.flush()
        # Ctrl-C is for the shell, which stops its query at that.
        signal.signal(signal.SIGINT, lambda *_: None)
        commands = [word for command in opened for word in ("-cmd", command)]
        done = subprocess.run([program, *commands, *arguments], check=False)
    sys.exit(done.returncode)


def find_duckdb() -> str | None:
    """DuckDB's program: the one installed with this package, else the one on PATH."""
    beside = Path(sys.executable).parent
    return shutil.which("duckdb", path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}")


def _handed(settings: Settings, folder: Path) -> Path:
    from iot_assets.serving.live.handed import hand_over  # noqa: PLC0415 - decoding is not needed without

    found = hand_over(settings, folder)
    told = "all that has landed is published"
    if found.newest_at is not None:
        at = found.newest_at.astimezone(UTC)
        told = (
            f"live_readings has {found.readings} readings that are not published yet, up to {at:%Y-%m-%d %H:%M:%S} UTC"
        )
    click.echo(f"{told}; a new shell sees what comes from now on", err=True)
    return found.script
