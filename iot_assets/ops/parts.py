"""What the supervisor is told about one process: how it starts, how one sees that it is up, how it ends.

Belongs here: the description. Does not: the running process (``child.py``), nor which parts a platform has
(``cli/up.py`` puts them together).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the platform."""

    name: str
    """Also the name of its log file."""
    command: tuple[str, ...]
    environment: Mapping[str, str]
    waiting_for: Callable[[int], str | None]
    """Given the process id: what is still missing, or None once it is really up."""
    once_up: str
    """What to tell people then."""
    stop_rank: int = 0
    """Parts of lower rank are stopped first."""
    stop_seconds: float = 15
    """How long it may take to end by itself."""
    busy: Callable[[], bool] = lambda: False
    """Whether it is in the middle of something that it should finish before it is asked to end."""
    settle_seconds: float = 0
    """How long it may take to finish that."""
    patience_seconds: float = 30
    """After so long the next part is started all the same; this one is watched on."""
    once: bool = False
    """It does its work and ends; being up is having ended well."""


@dataclass(frozen=True, slots=True)
class NeededPort:
    """A port that a part will listen on, and the setting that names it."""

    host: str
    port: int
    setting: str
