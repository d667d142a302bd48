"""The units of a batch's readings: written as codes, and converted where the route declares another one.

Belongs here: doing it once per distinct unit, or metric and unit, over whole columns. Does not: the table of units
(``units``), what the options say of metrics (``metrics``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from iot_assets.decoders.numbered import numbered
from iot_assets.units import Conversion, code, conversion

if TYPE_CHECKING:
    from iot_assets.decoders.metrics import MetricRules

_SAME: Final = Conversion(1, 0, 1)


def in_codes(unit: pa.ChunkedArray) -> pa.ChunkedArray:
    """The units, those that are known by their codes."""
    if unit.null_count == len(unit):
        return unit
    number, names = numbered(unit)
    codes = [name if name is None else code(name) for name in names]
    return unit if codes == names else pa.array(codes, pa.string()).take(number)


def converted(
    value: pa.ChunkedArray, unit: pa.ChunkedArray, metric: pa.ChunkedArray, rules: MetricRules
) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Values and units; a value stays as it is, with its unit, where there is no way to the one it should have.

    Args:
        value: the values; null is text.
        unit: their units, by code.
        metric: the number of each value's metric.
        rules: what the options say of the metrics.
    """
    number, names = numbered(unit)
    pairs = [(name, target) for target in rules.target for name in names]
    ways = [conversion(name, target) if name and target else None for name, target in pairs]
    if not any(ways):
        return value, unit
    pair = pc.add(pc.multiply(metric, pa.scalar(len(names), pa.int32())), number)
    times, plus, over = (
        pa.array([getattr(way or _SAME, part) for way in ways], pa.float64()).take(pair)
        for part in ("times", "plus", "over")
    )
    target = pa.array([target if way else name for (name, target), way in zip(pairs, ways, strict=True)], pa.string())
    changed = pc.divide(pc.add(pc.multiply(value, times), plus), over)
    finite = pc.is_finite(changed).fill_null(fill_value=False)  # text, and what would become too large, stays
    return pc.if_else(finite, changed, value), pc.if_else(finite, target.take(pair), unit)
