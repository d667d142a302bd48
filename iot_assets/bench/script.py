"""What every benchmark's command line and processes have in common.

Belongs here: arguments, a folder to work in, a process whose time and memory are wanted. Does not: figures.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


def parser(about: str | None, home: Path | None = None, *, repetitions: int = 5) -> argparse.ArgumentParser:
    """A parser that knows ``--repetitions``, ``--into`` and ``--work``; a script names its own folder as ``home``."""
    found = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("--repetitions", type=int, default=repetitions, help="[default: %(default)s]")
    found.add_argument(
        "--into",
        type=Path,
        default=home and home / "results",
        help="where to keep the figures: a folder, or a .json file to add them to [default: %(default)s]",
    )
    found.add_argument(
        "--work",
        type=Path,
        default=(home and home / "work") or Path.cwd(),
        help="where to put data while measuring; on the disk in question [default: %(default)s]",
    )
    return found


@contextmanager
def folder(work: Path) -> Iterator[Path]:
    """A new folder in ``work``, gone in the end."""
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=work, prefix="bench-") as name:
        yield Path(name)


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended: its exit code, what it used (with the children it waited for), what it printed."""

    code: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    output: str


def run(command: Sequence[str], *, cwd: Path, environment: Mapping[str, str | None] | None = None) -> Ended:
    """Run a program to its end; output and errors come as one text.

    Args:
        command: the program and its arguments.
        cwd: the folder that it runs in.
        environment: variables that differ from those of this process; None takes one away.
    """
    variables = {**os.environ, **(environment or {})}
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={name: value for name, value in variables.items() if value is not None},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    assert process.stdout is not None
    with process.stdout:
        output = process.stdout.read()
    return ended(process, started, output)


def ended(process: subprocess.Popen[str] | subprocess.Popen[bytes], started: float, output: str = "") -> Ended:
    """Wait for a process begun at ``started`` (of ``time.perf_counter``), and tell what it used."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    return Ended(process.returncode, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)
