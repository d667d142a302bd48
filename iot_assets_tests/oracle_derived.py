"""The oracle of derived metrics: what three formulas give, in plain Python, from the oracle's own rollups and devices.

It shares no code with ``iot_assets``. Belongs here: those formulas by hand, and as the settings declare them. Does not:
rollups (``oracle``).
"""

from __future__ import annotations

import math
import struct
from typing import Any, Final

from iot_assets_tests.oracle import MINUTE, Row

#: As settings: two of one name, of which the first that gives a value holds; some for a kind of devices only.
DECLARED: Final[tuple[dict[str, Any], ...]] = (
    {"name": "both", "formula": "sum(m) + last(n) * 2", "unit": "V"},
    {"name": "swing", "formula": "where(max(m) > 1, delta(m) / n(m), hours(m))", "kinds": ["x"]},
    {"name": "swing", "formula": "min(max(n), 1, mean(n))", "resolutions": ["1d"]},
)
#: Others, in force at times before.
BEFORE: Final[tuple[dict[str, Any], ...]] = (
    {"name": "both", "formula": "sum(m) - last(n)"},
    {"name": "gone", "formula": "mean(m)", "kinds": ["y"]},
)


def derived(tables: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """gold.derived_1h and gold.derived_1d but for the formulas' fingerprints, from all other tables."""
    kinds = {row[0]: row[1] for row in tables["silver.devices"] if row[13] is None}
    return {
        f"gold.derived_{name}": sorted(_rows(tables[f"gold.readings_{name}"], kinds, hours), key=repr)
        for name, hours in (("1h", 1), ("1d", 24))
    }


def _rows(rollup: list[Row], kinds: dict[str, str | None], hours: int) -> list[Row]:
    buckets: dict[tuple[str, int], dict[str, dict[str, Any]]] = {}
    for row in rollup:
        if row[4]:
            buckets.setdefault((row[0], row[2]), {})[row[1]] = _statistics(row)
    rows = []
    for (device, at), of in buckets.items():
        m, n = of.get("m"), of.get("n")
        given: list[tuple[str, float | None, str | None, int]] = []
        if m and n:
            given.append(("both", m["sum"] + n["last"] * 2, "V", min(m["n"], n["n"])))
        swing: tuple[float | None, int] = (None, 0)
        if m and kinds.get(device) == "x":
            value = (m["last"] - m["first"]) / m["n"] if m["max"] > 1 else _hours(m, hours)
            swing = (value, m["n"])
        if swing[0] is None and n and hours == 24:
            swing = (min(n["max"], 1.0, n["mean"]), n["n"])
        given.append(("swing", swing[0], None, swing[1]))
        rows += [
            (device, name, at, struct.pack(">d", value).hex(), unit, count)
            for name, value, unit, count in given
            if value is not None and math.isfinite(value)
        ]
    return rows


def _hours(one: dict[str, Any], most: int) -> float | None:
    if one["n"] == 1:
        return None
    covered = (one["last_at"] - one["first_at"]) / (60 * MINUTE) * one["n"] / (one["n"] - 1)
    return float(min(most, covered))


def _statistics(row: Row) -> dict[str, Any]:
    """A row of a rollup by the names of its columns, doubles as such again."""
    names = (
        "n_all",
        "n",
        "n_excluded",
        "sum",
        "squares",
        "mean",
        "min",
        "max",
        "first",
        "first_at",
        "_",
        "last",
        "last_at",
    )
    found = dict(zip(names, row[3:], strict=False))
    for name in ("mean", "min", "max", "first", "last"):
        found[name] = struct.unpack(">d", bytes.fromhex(found[name]))[0]
    return found | {"sum": float(found["sum"])}
