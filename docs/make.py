# ruff: noqa: INP001 - a script beside its pages, not a package
"""Makes the parts of the docs that come from the code: ``.venv/bin/python docs/make.py``, or ``--check`` to compare.

Whole pages: ``docs/settings.md``, ``docs/tables.md``, ``docs/reference``, ``iot.example.toml``, the pictures of
benchmarks; and for Dagster's page ``iot_assets/assets/column_lineage.json`` and ``code_versions.json``. In the others,
what stands between ``<!-- made: NAME -->`` and ``<!-- end -->``. Belongs here: turning the code's own tables into
Markdown. Does not: words of its own.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import benchmarks_page
import conventions_page
import reference_pages
from benchmark_pictures import pictures
from code_parts import code_versions
from conventions_page import table as _table
from sample_run import sample

from iot_assets.alerts.causes import CAUSES
from iot_assets.alerts.metrics import METRICS
from iot_assets.cli.rules import told
from iot_assets.formulas.language import FUNCTIONS, STATISTICS
from iot_assets.formulas.library import LIBRARY
from iot_assets.landing.health import COUNTERS, GAUGES
from iot_assets.model import EXCLUDING_FLAGS, INFORMATIVE_FLAGS, OUTCOMES, QUALITIES, REJECT_REASONS
from iot_assets.sections.rules import DEFAULT as RULES
from iot_assets.warehouse.tables import TABLES

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parent
#: page → the module and arguments that print it whole.
PAGES: Final = MappingProxyType(
    {
        HERE / "settings.md": ("iot_assets", "settings", "--markdown"),
        ROOT / "iot.example.toml": ("iot_assets", "settings", "--example"),
    }
)
_BLOCK: Final = re.compile(r"(<!-- made: (?P<name>[a-z_ ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> None:
    """Write what differs, or say so and end with 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; end with 1 if anything is out of date")
    given = parser.parse_args()
    stale = [path for path, text in made().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        print(f"{path.relative_to(ROOT)}: {'out of date, run docs/make.py' if given.check else 'made anew'}")
        if not given.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made()[path], encoding="utf-8")
    sys.exit(1 if stale and given.check else 0)


def made() -> dict[Path, str]:
    """Every page that is made, wholly or in part, with the text that it should have."""
    pages = {path: _printed(*words) for path, words in PAGES.items()}
    pages[HERE / "tables.md"] = reference_pages.index()
    pages |= {HERE / "reference" / name: text for name, text in reference_pages.pages().items()}
    pages |= pictures(benchmarks_page.runs())
    pages[ROOT / "iot_assets" / "assets" / "column_lineage.json"] = _column_lineage()
    pages[ROOT / "iot_assets" / "assets" / "code_versions.json"] = code_versions()
    for path in sorted(HERE.glob("*.md")):
        if path not in pages and _BLOCK.search(text := path.read_text(encoding="utf-8")):
            pages[path] = _BLOCK.sub(lambda found: f"{found[1]}{BLOCKS[found['name']]()}{found[3]}", text)
    return pages


def _printed(module: str, *arguments: str) -> str:
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def _meanings(words: Mapping[str, str], header: str) -> str:
    return _table(header, [(f"`{word}`", meaning) for word, meaning in words.items()])


def _column_lineage() -> str:
    """Table → column → tables that it comes from → their columns; a line a column."""
    tables = []
    for table in TABLES:
        lines = []
        for column, sources in sample().comes_from.get(table, {}).items():
            listed: dict[str, list[str]] = {}
            for name, source in sorted(sources):
                listed.setdefault(name, []).append(source)
            if listed:
                lines.append(f"    {json.dumps(column)}: {json.dumps(listed)}")
        if lines:
            tables.append(f"  {json.dumps(table)}: {{\n" + ",\n".join(lines) + "\n  }")
    return "{\n" + ",\n".join(tables) + "\n}\n"


def _metrics() -> str:
    rows = [(f"`iot_assets_lander_{n}_total`", "counter", text) for n, (_, text) in COUNTERS.items()]
    rows += [(f"`iot_assets_lander_{n}`", "gauge", text) for n, (_, text) in GAUGES.items()]
    rows += [
        ("`iot_assets_lander_storage_problem`", "gauge", "1 while the disk is in trouble."),
        ("`iot_assets_lander_broker_problem`", "gauge", "1 while the broker is in trouble."),
    ]
    return _table("metric|kind|meaning", rows)


def _causes() -> str:
    rows = [(f"`{key}`", cause.severity, cause.title, cause.looks_at, cause.advice) for key, cause in CAUSES.items()]
    return _table("cause|severity|says|looks at|advice", rows)


def _statistics() -> str:
    return _table("statistic|of the valid readings of one metric", [(f"`{n}(x)`", m) for n, m in STATISTICS.items()])


def _functions() -> str:
    return _table("function|gives", [(f"`{name}`", meaning) for name, (_, _, meaning) in FUNCTIONS.items()])


def _library() -> str:
    rows = []
    for use, one in LIBRARY.items():
        inputs = ", ".join(f"`{name}` = {metric} [{unit}]" for name, (metric, unit) in one.inputs.items())
        given = ", ".join(f"`{name}` = {number:g}" for name, number in one.given.items())
        at = " ".join(one.resolutions)
        rows.append((f"`{use}`", f"`{one.name}` [{one.unit}]", at, inputs, given, one.description))
    return _table("use|gives|by|inputs|given|what it is", rows)


def _alert_metrics() -> str:
    rows = []
    for name, (kind, label, meaning) in METRICS.items():
        total = "_total" if kind == "counter" else ""
        rows.append((f"`iot_assets_alerts_{name}{total}`", kind, f"`{label}`" if label else "", meaning))
    return _table("metric|kind|label|meaning", rows)


def _rules() -> str:
    rows = []
    for rule in RULES:
        row = told(rule, "")
        metrics = ", ".join(f"`{metric}`" for metric in rule.metrics)
        rows.append((f"`{rule.name}`", rule.kind, metrics, row["units"], row["parameters"], rule.action))
    return _table("rule|kind|metrics|units|parameters|action", rows)


BLOCKS: Final[Mapping[str, Callable[[], str]]] = MappingProxyType(
    {
        "outcomes": lambda: _meanings(OUTCOMES, "outcome|the message …"),
        "informative flags": lambda: _meanings(INFORMATIVE_FLAGS, "flag|the reading counts, and"),
        "excluding flags": lambda: _meanings(EXCLUDING_FLAGS, "flag|the reading is kept but not aggregated, because"),
        "qualities": lambda: _meanings(QUALITIES, "quality|the reading …"),
        "reject reasons": lambda: _meanings(REJECT_REASONS, "reason|meaning"),
        "conventions": conventions_page.conventions,
        "common options": conventions_page.common_options,
        "routes": conventions_page.routes,
        "units": conventions_page.units,
        "own decoder": conventions_page.own_decoder,
        "lander metrics": _metrics,
        "causes": _causes,
        "alert metrics": _alert_metrics,
        "statistics": _statistics,
        "functions": _functions,
        "library": _library,
        "rules": _rules,
        "benchmark targets": benchmarks_page.targets,
        "benchmark figures": benchmarks_page.figures,
    }
)


if __name__ == "__main__":
    main()
