"""The ledger of faults: how many of each were done, and what did not come out as promised.

Belongs here: counting, the report. Does not: doing them.
"""

from __future__ import annotations

import json
import platform
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from random import Random
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """One injected fault, and what was wrong afterwards, or None."""

    fault: str
    problem: str | None = None


#: What one episode of a kind does: with its own chance, in an empty folder of its own.
Episode: TypeAlias = "Callable[[Random, Path], Iterator[Outcome]]"


@dataclass(frozen=True, slots=True)
class Failure:
    """A fault after which something was wrong; the seed and the episode bring it back."""

    kind: str
    seed: int
    episode: int
    number: int
    """Which fault of the episode it was."""
    fault: str
    problem: str


@dataclass
class Ledger:
    """Of one call of the command."""

    seed: int
    faults: Counter[str] = field(default_factory=Counter)
    episodes: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def play(self, kind: str, episode: Episode, number: int, folder: Path) -> list[Failure]:
        """Play one episode and write down its outcomes; the failures among them."""
        before = len(self.failures)
        count = 0
        try:
            for outcome in episode(chance_of(self.seed, kind, number), folder):
                self.faults[outcome.fault] += 1
                if outcome.problem is not None:
                    self.failures.append(Failure(kind, self.seed, number, count, outcome.fault, outcome.problem))
                count += 1
        except Exception as error:  # noqa: BLE001 - an episode that breaks is a finding, and the next one goes on
            self.failures.append(Failure(kind, self.seed, number, count, "none", f"the episode broke: {error!r}"))
        self.episodes[kind] += 1
        return self.failures[before:]

    def write(self, file: Path) -> None:
        """The report, as JSON."""
        tree = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "seed": self.seed,
            "seconds": round(time.monotonic() - self.began),
            "versions": {name: version(name) for name in ("iot-assets", "duckdb", "pyarrow", "dagster", "paho-mqtt")},
            "python": platform.python_version(),
            "episodes": dict(sorted(self.episodes.items())),
            "faults": dict(sorted(self.faults.items())),
            "total": self.faults.total(),
            "failures": [asdict(failure) for failure in self.failures],
        }
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(tree, indent=1) + "\n", encoding="utf-8")


def chance_of(seed: int, kind: str, episode: int) -> Random:
    """The same chance for the same episode, whatever else is played."""
    return Random(f"{seed} {kind} {episode}")
