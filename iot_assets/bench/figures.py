"""Figures: what was measured, how often, beside what, and the file that they are kept in.

Belongs here: statistics and the format of result files. Does not: measuring, and saying what is good enough
(``benchmarks/registry.py``).

A result file is ``{benchmark: {"about": …, "figures": {name: …}}}``: one benchmark, or all that were run together.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from iot_assets.bench import machine

_T = TypeVar("_T")


def alternate(ways: Mapping[str, Callable[[], _T]], repetitions: int) -> dict[str, list[_T]]:
    """What each way gives, so many times in turn: what disturbs the machine for a while disturbs all of them."""
    found: dict[str, list[_T]] = {name: [] for name in ways}
    for _ in range(repetitions):
        for name, way in ways.items():
            found[name].append(way())
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all is not above."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


class Figures:
    """The figures of one run of one benchmark; make it before measuring, as it notes how busy the machine is."""

    def __init__(self, benchmark: str, **parameters: object) -> None:
        """``parameters`` are told with the figures: how many messages, of what size."""
        self.benchmark = benchmark
        self._began = time.monotonic()
        self.about: dict[str, Any] = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "parameters": parameters,
            "load_before": machine.load(),
            **machine.facts(),
        }
        self.figures: dict[str, dict[str, Any]] = {}

    def add(
        self,
        name: str,
        unit: str,
        values: Sequence[float],
        *,
        against: Sequence[str] = (),
        cpu_seconds: Sequence[float] = (),
        peak_mb: Sequence[float] = (),
    ) -> None:
        """Add what was measured, a value a repetition; it is printed at once.

        Args:
            name: what was measured, in words.
            unit: "messages/s", "ms", "MB".
            values: one of each repetition.
            against: figures added before, from the same run, that this one is compared with.
            cpu_seconds: CPU time of one unit of work (a message, a run), of each repetition.
            peak_mb: the most memory that the process held, of each repetition.
        """
        found: dict[str, Any] = {"unit": unit, **_spread(values)}
        if against:
            found["ratios"] = {other: _short(found["median"] / self.figures[other]["median"]) for other in against}
        if cpu_seconds:
            found["cpu_seconds"] = _short(statistics.median(cpu_seconds))
        if peak_mb:
            found["peak_mb"] = _short(max(peak_mb))
        self.figures[name] = found
        print(f"{self.benchmark}: {_told(name, found)}", flush=True)

    def keep(self, where: Path | None) -> None:
        """Write the figures: to a file of their own in a folder, or beside others in a file; None keeps nothing."""
        if where is None:
            return
        if where.suffix != ".json":
            where.mkdir(parents=True, exist_ok=True)
            where /= f"{self.benchmark}-{datetime.now(UTC):%Y-%m-%d}.json"
        others = read(where) if where.exists() else {}
        self.about["seconds"] = round(time.monotonic() - self._began, 1)
        others[self.benchmark] = {"about": self.about, "figures": self.figures}
        where.write_text(json.dumps(others, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"{self.benchmark}: kept in {where}", file=sys.stderr)


def read(path: Path) -> dict[str, dict[str, Any]]:
    """The benchmarks of a result file; none of a file that is something else."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    return {name: run for name, run in kept.items() if isinstance(run, dict) and {"about", "figures"} <= set(run)}


def newest(folder: Path) -> dict[str, dict[str, Any]]:
    """Of each benchmark its newest run among the result files of a folder."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.json")):
        for name, run in read(path).items():
            if name not in found or found[name]["about"]["at"] <= run["about"]["at"]:
                found[name] = run
    return found


def number(value: float) -> str:
    """A number as people write it."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def duration(seconds: float) -> str:
    """A time in the unit in which it is easily read."""
    unit, factor = next(((u, f) for u, f in (("s", 1.0), ("ms", 1e3)) if seconds * f >= 1), ("µs", 1e6))
    return f"{seconds * factor:.3g} {unit}"


def _spread(values: Sequence[float]) -> dict[str, float | int]:
    middle = statistics.median(values)
    least, most = min(values), max(values)
    return {"median": _short(middle), "min": _short(least), "max": _short(most), "repetitions": len(values)}


def _short(value: float) -> float:
    """Four digits: what is beyond is noise."""
    whole = round(value)
    return whole if abs(value) >= 1000 else float(f"{value:.4g}")


def _told(name: str, figure: Mapping[str, Any]) -> str:
    median, least, most = (number(figure[key]) for key in ("median", "min", "max"))
    text = f"{name}: {median} {figure['unit']} ({least} to {most})"
    for other, ratio in figure.get("ratios", {}).items():
        text += f", {number(ratio)} × {other}"
    if "cpu_seconds" in figure:
        text += f", CPU {duration(figure['cpu_seconds'])}"
    return text + (f", at most {number(figure['peak_mb'])} MB" if "peak_mb" in figure else "")
