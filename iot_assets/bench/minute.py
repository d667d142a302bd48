"""A minute's run as it is launched in service: a process of its own, its steps timed by Dagster.

Belongs here: launching it and reading its times. Does not: what lies in the house.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from typing import Final, NamedTuple

import dagster as dg

from iot_assets.assets.specs import SERVING, key_of
from iot_assets.bench.script import Ended, run
from iot_assets.errors import BenchmarkError
from iot_assets.ops.dagster_home import VARIABLE
from iot_assets.warehouse.tables import MESSAGES, READINGS, READINGS_1MIN

_COMMAND: Final = ("-m", "dagster", "job", "execute", "-m", "iot_assets.definitions", "-j", "minute")
_STEP: Final = re.compile(r'execution of step "(\w+)" in ([\d.]+)(ms|s)\b')


#: The materialization that tells for how long its step worked.
_WORKED: Final = {"bronze": MESSAGES, "silver": READINGS, "gold": READINGS_1MIN}


class Minute(NamedTuple):
    """The process, the seconds of each step, and those of them in which the step worked."""

    process: Ended
    steps: Mapping[str, float]
    worked: Mapping[str, float]

    @property
    def entering_seconds(self) -> float:
        """What the tables took, publication and the start of Dagster apart."""
        return sum(seconds for step, seconds in self.steps.items() if step != "serving")


def launch(cwd: Path, environment: Mapping[str, str | None]) -> Minute:
    """Launch the job `minute`, and wait for its end.

    Raises:
        BenchmarkError: it failed.
    """
    ended = run_well(_COMMAND, cwd, environment)
    steps = {name: float(n) / (1000 if unit == "ms" else 1) for name, n, unit in _STEP.findall(ended.output)}
    return Minute(ended, steps, _worked(cwd, environment.get(VARIABLE) or str(cwd)))


def _worked(cwd: Path, home: str) -> dict[str, float]:
    keys = {step: key_of(table) for step, table in _WORKED.items()} | {"serving": SERVING}
    with chdir(cwd), dg.DagsterInstance.from_config(home) as instance:  # a folder it names may be relative
        newest = {step: instance.get_latest_materialization_event(key) for step, key in keys.items()}
    told = {step: event.asset_materialization for step, event in newest.items() if event}
    return {step: float(str(one.metadata["seconds"].value)) for step, one in told.items() if one}


def run_well(arguments: tuple[str, ...], cwd: Path, environment: Mapping[str, str | None]) -> Ended:
    """Run Python with these arguments.

    Raises:
        BenchmarkError: it ended with another code than 0.
    """
    ended = run([sys.executable, *arguments], cwd=cwd, environment=environment)
    if ended.code:
        tail = "\n".join(ended.output.splitlines()[-15:])
        raise BenchmarkError(f"`{' '.join(arguments)}` failed:\n{tail}")
    return ended
