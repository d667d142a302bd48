"""Running a Dagster job from the command line: as a process of its own, so that this one needs no Dagster."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from iot_assets.lake.paths import DataPaths
from iot_assets.ops.dagster_home import VARIABLE, dagster_home
from iot_assets.settings import CONFIG_VARIABLE, load_settings


def run_job(
    name: str,
    config_file: Path | None,
    *,
    doing: str,
    tags: dict[str, str] | None = None,
    run_config: dict[str, Any] | None = None,
) -> list[str]:
    """Run a job of the code location to its end; the messages it logged.

    Args:
        name: the job.
        config_file: the settings file that the command line named, if it did.
        doing: what that is, for the error: "rebuilding 2026-01-01".
        tags: tags of the run.
        run_config: configuration of the run.

    Raises:
        SettingsError: the settings are wrong.
        click.ClickException: it failed; with the last lines that Dagster said.
    """
    command = [sys.executable, "-m", "dagster", "job", "execute", "-m", "iot_assets.definitions", "-j", name]
    if tags:
        command += ["--tags", json.dumps(tags)]
    home = dagster_home(Path.cwd(), DataPaths(load_settings(config_file).data_dir))
    variables = {**os.environ, "PYTHONWARNINGS": "ignore", VARIABLE: str(home)}
    if config_file is not None:
        variables[CONFIG_VARIABLE] = str(config_file)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        if run_config:
            json.dump(run_config, file)  # which is YAML too
            file.flush()
            command += ["--config", file.name]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=variables)
    if done.returncode:
        tail = "\n".join((done.stderr or done.stdout).splitlines()[-15:])
        raise click.ClickException(f"{doing} failed. Dagster said:\n{tail}")
    said = re.findall(rf" - INFO - {re.escape(name)} - \S+ - \S+ - (.*)", done.stdout + done.stderr)
    return [str(line) for line in said]
