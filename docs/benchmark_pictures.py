# ruff: noqa: INP001 - a script beside its pages, not a package
"""A picture of each benchmark, in SVG that follows the reader's light or dark page.

Belongs here: bars. Does not: tables (``benchmarks_page.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from iot_assets.bench.figures import number
from iot_assets.bench.registry import TARGETS

IMAGES: Final = Path(__file__).parent / "images" / "benchmarks"
_WIDTH, _BAR, _ROW, _HEAD = 720, 560, 34, 26
_STYLE: Final = (
    "text{font:12px system-ui,sans-serif;fill:#24292f}.u{font-weight:600}.b{fill:#2f81c1}"
    ".r{stroke:#0b3d66;stroke-width:2}.t{stroke:#c4432b;stroke-width:2;stroke-dasharray:3 2}"
    "@media(prefers-color-scheme:dark){text{fill:#d5dbe1}.r{stroke:#cfe4f7}}"
)


def pictures(found: Mapping[str, Mapping[str, Any]]) -> dict[Path, str]:
    """A picture of each benchmark: bars of the medians by unit, with least and most, and the targets."""
    return {IMAGES / f"{name}.svg": _picture(name, run["figures"]) for name, run in found.items()}


def _picture(benchmark: str, found: Mapping[str, Mapping[str, Any]]) -> str:
    shapes, y = [], 0
    limits = {t.figure: t.limit for t in TARGETS if t.benchmark == benchmark and t.of == "median" and not t.ratio_to}
    by_unit = sorted(found.items(), key=lambda one: [f["unit"] for f in found.values()].index(one[1]["unit"]))
    for unit, group in groupby(by_unit, key=lambda one: one[1]["unit"]):
        rows = list(group)
        longest = max(max(figure["max"], limits.get(name, 0)) for name, figure in rows) or 1
        y += _HEAD
        shapes.append(f'<text class="u" x="0" y="{y - 8}">{escape(unit)}</text>')
        for name, figure in rows:
            ends = {key: round(_BAR * figure[key] / longest, 1) for key in ("median", "min", "max")}
            at = max(ends["median"], ends["max"]) + 8
            shapes += [
                f'<text x="0" y="{y + 11}">{escape(name)}</text>',
                f'<rect class="b" x="0" y="{y + 16}" width="{ends["median"]}" height="10"/>',
                f'<line class="r" x1="{ends["min"]}" x2="{ends["max"]}" y1="{y + 21}" y2="{y + 21}"/>',
                f'<text x="{at}" y="{y + 25}">{number(figure["median"])}</text>',
            ]
            if name in limits:
                x = round(_BAR * limits[name] / longest, 1)
                shapes.append(f'<line class="t" x1="{x}" x2="{x}" y1="{y + 12}" y2="{y + 30}"/>')
            y += _ROW
    size = f'viewBox="0 0 {_WIDTH} {y + 6}" width="{_WIDTH}" height="{y + 6}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
    return "\n".join([head, f"<title>{escape(benchmark)}</title><style>{_STYLE}</style>", *shapes, "</svg>\n"])
