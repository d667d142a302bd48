"""What a figure means nothing without: the machine, the versions, the commit, and how busy it was before.

Belongs here: looking these up. Does not: figures.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any, Final

_PACKAGES: Final = ("iot-assets", "duckdb", "dagster", "pyarrow", "paho-mqtt")
_GIB: Final = 2**30


def load() -> float:
    """How many processes wanted a core, on average of the last minute."""
    return round(os.getloadavg()[0], 2)


def facts() -> dict[str, Any]:
    """The machine, the versions of what does the work, and the commit where the code comes from a clone."""
    return {
        "machine": {
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
            "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB, 1),
            "processor": _processor(),
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        },
        "versions": {"python": platform.python_version(), **_packages(), "mosquitto": _mosquitto()},
        "commit": _commit(),
    }


def _packages() -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    text = information.read_text(encoding="utf-8") if information.exists() else ""
    named = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    return named[1].strip() if named else platform.processor()


def _mosquitto() -> str | None:
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    named = re.search(r"mosquitto version (\S+)", _said(program, "-h")) if program else None
    return named[1] if named else None


def _commit() -> str | None:
    """Of the clone that this code lies in; None for an installed package, and outside of git."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
    commit = _said("git", "-C", str(root), "rev-parse", "--short", "HEAD").strip()
    changed = _said("git", "-C", str(root), "status", "--porcelain", "--untracked-files=no", "--", "iot_assets").strip()
    return (commit + (" and changes" if changed else "")) or None


def _said(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout
    except OSError:
        return ""
