# ruff: noqa: INP001 - a script beside its pages, not a package
"""The made parts of ``benchmarks.md``: targets beside what was measured, and all figures.

Belongs here: turning result files (``benchmarks/results``) into Markdown. Does not: pictures
(``benchmark_pictures.py``), words of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from conventions_page import table

from iot_assets.bench.figures import duration, newest, number
from iot_assets.bench.registry import BENCHMARKS, TARGETS, Target

RESULTS: Final = Path(__file__).parents[1] / "benchmarks" / "results"


@cache
def runs() -> Mapping[str, Mapping[str, Any]]:
    """The newest run of each benchmark, in the order of the registry."""
    found = newest(RESULTS)
    return {name: found[name] for name in BENCHMARKS if name in found}


def targets() -> str:
    """What is asked, what was measured, and what bounds it where that is not enough."""
    rows = []
    for target in TARGETS:
        found = runs().get(target.benchmark, {}).get("figures", {})
        unit = found.get(target.figure, {}).get("unit", "")
        asked = f"{'≥' if target.better == 'higher' else '≤'} {_value(target, target.limit, unit)}"
        measured = target.measured(found)
        if measured is None:
            said = ("not measured", "", target.bound)
        elif target.met(measured):
            said = (_value(target, measured, unit), "yes", "")
        else:
            said = (_value(target, measured, unit), "**no**", target.bound)
        rows.append((target.benchmark, target.told, asked, *said))
    return table("benchmark|figure|asked|measured|met|what bounds it", rows)


def figures() -> str:
    """A section a benchmark: the picture, every figure, how it was measured."""
    parts = []
    for name, run in runs().items():
        what = BENCHMARKS[name].what
        parts += [
            f"### {name}\n",
            f"{what[0].upper()}{what[1:]}.\n",
            f"![{name}](images/benchmarks/{name}.svg)\n",
            table("figure|median|least|most|of|beside|CPU|memory", [_row(*one) for one in run["figures"].items()]),
            _about(run["about"]),
        ]
    if missing := [f"`{name}`" for name in BENCHMARKS if name not in runs()]:
        parts.append(f"Not measured in this form yet: {', '.join(missing)}.\n")
    return "\n".join(parts)


def _value(target: Target, value: float, unit: str) -> str:
    if target.ratio_to:
        return f"{number(value)} ×"
    match target.of:
        case "cpu_seconds":
            return duration(value)
        case "peak_mb":
            return f"{number(value)} MB"
        case _:
            return f"{number(value)} {unit}".strip()


def _row(name: str, figure: Mapping[str, Any]) -> tuple[str, ...]:
    median = f"{number(figure['median'])} {figure['unit']}"
    beside = "; ".join(f"{number(ratio)} × {other}" for other, ratio in figure.get("ratios", {}).items())
    cpu = duration(figure["cpu_seconds"]) if "cpu_seconds" in figure else ""
    memory = f"{number(figure['peak_mb'])} MB" if "peak_mb" in figure else ""
    ends = (number(figure["min"]), number(figure["max"]))
    return name, median, *ends, str(figure["repetitions"]), beside, cpu, memory


def _about(about: Mapping[str, Any]) -> str:
    machine = about["machine"]
    said = {
        key: number(value) if isinstance(value, int | float) else value for key, value in about["parameters"].items()
    }
    parts = [
        f"{about['at'][:16].replace('T', ' ')} UTC, commit {about['commit']}",
        f"{machine['cores']} cores ({machine['processor']}), {machine['memory_gib']:g} GiB, {machine['system']}",
        ", ".join(f"{name} {version}" for name, version in about["versions"].items() if version),
        f"load before {about['load_before']:g}, {number(about['seconds'])} s in all",
        *([", ".join(f"{key} {value}" for key, value in said.items())] if said else []),
    ]
    return "; ".join(parts) + ".\n"
