"""A formula made ready: what is declared, checked as a whole.

Belongs here: the type that everybody else works with, and its fingerprint. Does not: how it is declared
(``sections/formulas.py``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from iot_assets.formulas.dimensions import resulting_unit
from iot_assets.formulas.language import (
    BUCKET_HOURS,
    CONSTANTS,
    FUNCTIONS,
    STATISTICS,
    FormulaError,
    Node,
    metrics_of,
    parse,
)
from iot_assets.units import code

Resolution = Literal["1h", "1d"]
#: resolution → hours of its buckets.
HOURS: Final[Mapping[Resolution, int]] = MappingProxyType({"1h": 1, "1d": 24})
#: Names that a part cannot have.
_TAKEN: Final = frozenset({BUCKET_HOURS, *CONSTANTS, *FUNCTIONS, *STATISTICS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """A derived metric: its formula, for which devices (glob patterns; empty is all) and at which resolutions."""

    name: str
    text: str
    node: Node
    resolutions: tuple[Resolution, ...]
    unit: str | None = None
    description: str | None = None
    kinds: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that it takes."""
        return metrics_of(self.node)

    @property
    def fingerprint(self) -> str:
        """Differs where anything of the formula does."""
        return hashlib.blake2b(repr(self).encode(), digest_size=6).hexdigest()


def made(
    *,
    name: str,
    text: str,
    parts: Mapping[str, str],
    resolutions: tuple[Resolution, ...],
    unit: str | None,
    units: Mapping[str, str],
    description: str | None,
    kinds: tuple[str, ...] = (),
    sites: tuple[str, ...] = (),
    devices: tuple[str, ...] = (),
) -> Formula:
    """A formula, read and checked; ``parts`` may use those before them.

    Raises:
        FormulaError: what is wrong, and where.
    """
    known: dict[str, Node] = {}
    for part, said in parts.items():
        if part in _TAKEN or not part.isidentifier() or not part.isascii():
            raise FormulaError(f"a part cannot be called {part!r}: the name is taken or is no word")
        try:
            known[part] = parse(said, known)
        except FormulaError as error:
            raise FormulaError(f"part {part}: {error}") from error
    node = parse(text, known)
    metrics = metrics_of(node)
    if not metrics:
        raise FormulaError("takes no metric, so there is nothing to make it from")
    if name in metrics:
        raise FormulaError(f"takes {name}, which is its own name; call it otherwise")
    if strange := sorted(set(units) - set(metrics)):
        raise FormulaError(
            f"units are given of {', '.join(strange)}, which it does not take; it takes {', '.join(metrics)}"
        )
    found = resulting_unit(node, None if unit is None else code(unit), {m: code(u) for m, u in units.items()})
    return Formula(
        name=name,
        text=_whole(text, parts),
        node=node,
        resolutions=resolutions,
        unit=found,
        description=description,
        kinds=kinds,
        sites=sites,
        devices=devices,
    )


def fingerprint(formulas: Iterable[Formula]) -> str:
    """Differs where any of the formulas, or their order, does."""
    return hashlib.blake2b(" ".join(f.fingerprint for f in formulas).encode(), digest_size=8).hexdigest()


def _whole(text: str, parts: Mapping[str, str]) -> str:
    """The formula and its parts on one line, as people are shown them."""
    where = "; ".join(f"{name} = {' '.join(said.split())}" for name, said in parts.items())
    return " ".join(text.split()) + (f" where {where}" if where else "")
