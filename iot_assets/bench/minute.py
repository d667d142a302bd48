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

from iot_assets.assets.worked import seconds_worked
from iot_assets.bench.script import Ended, run
from iot_assets.errors import BenchmarkError
from iot_assets.ops.dagster_home import VARIABLE

_COMMAND: Final = ("-m", "dagster", "job", "execute", "-m", "iot_assets.definitions", "-j", "minute")
_STEP: Final = re.compile(r'execution of step "(\w+)" in ([\d.]+)(ms|s)\b')


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
    with chdir(cwd):  # its storage may lie in a folder named from there
        return Minute(ended, steps, seconds_worked(Path(environment.get(VARIABLE) or cwd)))


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
