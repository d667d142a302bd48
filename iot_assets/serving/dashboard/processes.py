"""The processes of this platform on this machine: what they are, and the memory and computing time that they take.

Belongs here: telling by the system's own tables (``/proc``, where there is one) which processes work on this data
folder. Does not: whether they are well (the lander's status, the API's ``/health``).
"""

from __future__ import annotations

import os
import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
#: Words among a program's arguments → what it is; the first that fits.
_KINDS: Final = (
    (("dagster._daemon",), "Dagster's daemon"),
    (("dagster-daemon",), "Dagster's daemon"),
    (("dagster_webserver",), "Dagster's page"),
    (("dagster-webserver",), "Dagster's page"),
    (("dagster", "code-server"), "Dagster's code server"),
    (("dagster", "api", "grpc"), "Dagster's code server"),
    (("dagster", "api"), "run"),
    (("dagster", "dev"), "Dagster"),
    (("dagster",), "Dagster's command"),
    (("iot_assets", "land"), "lander"),
    (("iot-assets", "land"), "lander"),
    (("iot_assets", "serve"), "server"),
    (("iot-assets", "serve"), "server"),
    (("iot_assets", "alerts"), "alerts"),
    (("iot-assets", "alerts"), "alerts"),
    (("iot_assets.demo.fleet",), "simulated fleet"),
    (("iot_assets.demo.broker_process",), "demo's broker"),
)
#: What Python starts of its own for a process.
_HELPER: Final = "multiprocessing"


@dataclass(frozen=True, slots=True)
class Process:
    """One process; ``cpu_seconds`` since it began."""

    pid: int
    name: str
    memory: int
    cpu_seconds: float


def processes(data_dir: Path, dagster_home: Path) -> list[Process]:
    """Those that work on this data folder or in this home of Dagster; without /proc only this one."""
    if not _PROC.is_dir():
        unit = 1 if sys.platform == "darwin" else 1024
        used = resource.getrusage(resource.RUSAGE_SELF)
        return [Process(os.getpid(), "server", used.ru_maxrss * unit, used.ru_utime + used.ru_stime)]
    homes = {f"IOT_DATA_DIR={data_dir.absolute()}", f"DAGSTER_HOME={dagster_home.absolute()}"}
    found = {}
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            try:
                arguments = _words(folder / "cmdline")
                own = int(folder.name) == os.getpid()
                if own or (any("python" in a or "iot" in a or "dagster" in a for a in arguments[:2])
                           and homes & set(_words(folder / "environ"))):  # fmt: skip
                    found[int(folder.name)] = (arguments, *_used(folder))
            except (OSError, ValueError, IndexError):
                continue  # it has ended, or it is another user's
    names = {pid: "server" if pid == os.getpid() else kind_of(arguments) for pid, (arguments, *_) in found.items()}
    listed = [
        Process(pid, names[pid] or _helper(arguments, names.get(parent)), memory, cpu)
        for pid, (arguments, parent, memory, cpu) in found.items()
        if names[pid] or _HELPER in " ".join(arguments)
    ]
    return sorted(listed, key=lambda process: (process.name, process.pid))


def kind_of(arguments: list[str]) -> str:
    """What a program is, by its arguments; an empty text where it is none of ours."""
    words = {Path(argument).name for argument in arguments[:6]}
    return next((name for needed, name in _KINDS if words.issuperset(needed)), "")


def _helper(arguments: list[str], parent: str | None) -> str:
    # Dagster's code server starts each run as a process of Python's own making.
    if parent == "Dagster's code server" and "spawn_main" in " ".join(arguments):
        return "run"
    return f"{parent or 'ended process'}: helper"


def _words(file: Path) -> list[str]:
    return file.read_bytes().decode("utf-8", "replace").strip("\0").split("\0")


def _used(folder: Path) -> tuple[int, int, float]:
    """Parent, resident bytes, seconds of computing."""
    # The second field is a name in brackets, which may hold anything.
    fields = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    pages = int((folder / "statm").read_text(encoding="ascii").split()[1])
    return int(fields[1]), pages * os.sysconf("SC_PAGE_SIZE"), ticks / os.sysconf("SC_CLK_TCK")
