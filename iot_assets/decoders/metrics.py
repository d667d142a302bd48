"""What the options say of metrics, decided once per distinct name of a batch and then looked up by number.

Belongs here: names, prefix, keep, declared units and limits. Does not: values (``judge``).
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pyarrow as pa

from iot_assets.units import code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iot_assets.decoders.options import CommonOptions

_MAX_LENGTH = 200


class MetricRules:
    """Tables with one entry per distinct name, in the order given; each a plain Arrow array to take from."""

    def __init__(self, names: list[str | None], options: CommonOptions) -> None:
        limits = [options.limits.get(name or "", (None, None)) for name in names]
        self.has_limits = any(limit != (None, None) for limit in limits)
        self.has_units = any(name in options.units for name in names)
        self.has_targets = any(name in options.convert for name in names)

        faults = [_fault(name) for name in names]
        self.all_good = not any(faults)
        self.good = pa.array([fault is None for fault in faults], pa.bool_())
        self.fault = pa.array(faults, pa.string())
        self.kept = pa.array([_kept(name or "", options) for name in names], pa.bool_())
        self.name = pa.array([None if name is None else options.prefix + name for name in names], pa.string())
        self.unit = pa.array([_unit(options.units, name) for name in names], pa.string())
        #: The unit that values are to be in.
        self.target = [_unit(options.convert, name) for name in names]
        self.least = pa.array([least for least, _ in limits], pa.float64())
        self.greatest = pa.array([greatest for _, greatest in limits], pa.float64())


def _fault(name: str | None) -> str | None:
    if not name:
        return "the metric has no name"
    if len(name) > _MAX_LENGTH:
        return f"longer than {_MAX_LENGTH} characters: {name[:60]}…"
    if any(unicodedata.category(char) == "Cc" for char in name):
        return f"holds a control character: {name[:60]!r}"
    return None


def _unit(units: Mapping[str, str], metric: str | None) -> str | None:
    unit = units.get(metric or "")
    return None if unit is None else code(unit)


def _kept(name: str, options: CommonOptions) -> bool:
    return (not options.keep or _below(name, options.keep)) and not _below(name, options.drop)


def _below(name: str, roots: tuple[str, ...]) -> bool:
    return any(name == root or name.startswith(root + ".") for root in roots)
