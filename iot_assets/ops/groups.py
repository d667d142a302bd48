"""Process groups: whether anything of one still lives, and ending it.

Belongs here: what the operating system knows of a group. Does not: which groups there are (``child.py``).
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from signal import Signals

_PROC = Path("/proc")


def signal_group(group: int, number: Signals) -> None:
    """Send a signal to all of a group; one that is gone needs none."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def group_alive(group: int) -> bool:
    """Whether a process of the group lives; one that has ended and was not yet collected does not."""
    if not (_PROC / "self" / "stat").exists():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, 0)
            return True
        return False
    return any(_of_group(entry, group) for entry in _PROC.iterdir() if entry.name.isdigit())


def wait_group(group: int, seconds: float) -> bool:
    """Wait until nothing of the group lives; whether that came about in time."""
    deadline = time.monotonic() + seconds
    while group_alive(group):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _of_group(process: Path, group: int) -> bool:
    try:
        # After the name, which is in brackets and may hold anything: state, parent, group.
        state, _, its_group = (process / "stat").read_text(errors="replace").rpartition(")")[2].split()[:3]
    except (OSError, ValueError):
        return False  # it ended while we looked
    return int(its_group) == group and state != "Z"
