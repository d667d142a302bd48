"""Running a Dagster job from the command line: as a process of its own, so that this one needs no Dagster."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from typing import Any

import click


def run_job(
    name: str,
    *,
    doing: str,
    tags: dict[str, str] | None = None,
    config: dict[str, Any] | None = None,
    environment: dict[str, str] | None = None,
) -> list[str]:
    """Run a job of the code location to its end; the messages it logged.

    Args:
        name: the job.
        doing: what that is, for the error: "rebuilding 2026-01-01".
        tags: tags of the run.
        config: run configuration.
        environment: variables besides those of this process.

    Raises:
        click.ClickException: it failed; with the last lines that Dagster said.
    """
    command = [sys.executable, "-m", "dagster", "job", "execute", "-m", "iot_assets.definitions", "-j", name]
    if tags:
        command += ["--tags", json.dumps(tags)]
    variables = {**os.environ, "PYTHONWARNINGS": "ignore", **(environment or {})}
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        if config:
            json.dump(config, file)  # which is YAML too
            file.flush()
            command += ["--config", file.name]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=variables)
    if done.returncode:
        tail = "\n".join((done.stderr or done.stdout).splitlines()[-15:])
        raise click.ClickException(f"{doing} failed. Dagster said:\n{tail}")
    said = re.findall(rf" - INFO - {re.escape(name)} - \S+ - \S+ - (.*)", done.stdout + done.stderr)
    return [str(line) for line in said]
