"""Units of formulas: which unit the result has, where those of the metrics are declared.

Belongs here: arithmetic of units. Does not: the table of units (``units``). A plain number may stand for a conversion
(``/ 1000``, ``+ 273.15``), so next to one only the kind of the result is known, not its scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Final, TypeAlias

from iot_assets.formulas.language import COMPARISONS, LOGIC, Bucket, Call, FormulaError, Node, Number, Statistic
from iot_assets.units import UNITS

Dimension: TypeAlias = tuple[tuple[str, Fraction], ...]


def _dimension(**exponents: int) -> Dimension:
    return tuple(sorted((base, Fraction(power)) for base, power in exponents.items()))


#: kind of unit → what it is made of. A kind that is not here is its own base.
_KINDS: Final[Mapping[str, Dimension]] = MappingProxyType(
    {
        "ratio": (),
        "pressure": _dimension(kg=1, m=-1, s=-2),
        "voltage": _dimension(kg=1, m=2, s=-3, A=-1),
        "current": _dimension(A=1),
        "power": _dimension(kg=1, m=2, s=-3),
        "apparent power": _dimension(kg=1, m=2, s=-3),
        "reactive power": _dimension(kg=1, m=2, s=-3),
        "energy": _dimension(kg=1, m=2, s=-2),
        "charge": _dimension(A=1, s=1),
        "resistance": _dimension(kg=1, m=2, s=-3, A=-2),
        "frequency": _dimension(s=-1),
        "time": _dimension(s=1),
        "length": _dimension(m=1),
        "speed": _dimension(m=1, s=-1),
        "acceleration": _dimension(m=1, s=-2),
        "mass": _dimension(kg=1),
        "volume": _dimension(m=3),
        "flow": _dimension(m=3, s=-1),
        "irradiance": _dimension(kg=1, s=-3),
        "conductivity": _dimension(kg=-1, m=-3, s=3, A=2),
        "density": _dimension(kg=1, m=-3),
    }
)


@dataclass(frozen=True, slots=True)
class _Known:
    """A unit: ``factor`` to the base units, and ``offset``, each None where it is not known."""

    dimension: Dimension
    factor: Fraction | None = None
    offset: Fraction | None = None
    plain: bool = False


_HOUR: Final = _Known(_dimension(s=1), Fraction(3600), Fraction(0))
_COUNT: Final = _Known((), Fraction(1), Fraction(0))
_PLAIN: Final = _Known((), plain=True)
#: What may be added to and compared with each other, and results likewise.
_ALIKE: Final = frozenset({"+", "-", "min", "max", "where"}) | COMPARISONS


def resulting_unit(node: Node, declared: str | None, metrics: Mapping[str, str]) -> str | None:
    """The unit of what the formula gives: the declared one, else the one that the metrics' units make.

    Args:
        node: the formula.
        declared: its unit's code, where one is declared.
        metrics: metric → its unit's code, of those of which it is declared.

    Raises:
        FormulaError: units are added that do not go together, or the declared one is another.
    """
    found = _of(node, metrics)
    if found is None or found.plain:
        return declared
    if declared is None:
        return _code(found)
    wanted = _unit(declared)
    if wanted is None:
        return declared
    if wanted.dimension != found.dimension:
        raise FormulaError(f"gives {_words(found)}, so its unit cannot be {declared}")
    if None not in (found.factor, wanted.factor) and found.factor != wanted.factor:
        assert found.factor is not None
        assert wanted.factor is not None
        ratio = float(found.factor / wanted.factor)
        raise FormulaError(f"gives {_words(found)}, not {declared}: multiply it by {ratio:g}, or declare another unit")
    if None not in (found.offset, wanted.offset) and found.offset != wanted.offset:
        raise FormulaError(f"gives {_words(found)}, not {declared}, whose zero is another")
    return declared


def _of(node: Node, metrics: Mapping[str, str]) -> _Known | None:  # noqa: PLR0911 - one case a kind of part
    """The unit of a part; None where it is not known."""
    match node:
        case Number():
            return _PLAIN
        case Bucket():
            return _HOUR
        case Statistic(name="n"):
            return _COUNT
        case Statistic(name="hours"):
            return _HOUR
        case Statistic(name=name, metric=metric):
            one = _unit(metrics[metric]) if metric in metrics else None
            if one is not None and name in {"delta", "increase", "sum"} and one.offset:
                return _Known(one.dimension, one.factor)
            return one
    assert isinstance(node, Call)
    of = [_of(argument, metrics) for argument in node.arguments]
    if node.name == "bare" or node.name in LOGIC:
        return None
    if node.name in _ALIKE:
        return _alike(node, of[1:] if node.name == "where" else of)
    if None in of:
        return None
    return _combined(node, [one for one in of if one is not None])


def _alike(node: Call, of: list[_Known | None]) -> _Known | None:
    known = [one for one in of if one is not None and not one.plain]
    for one in known[1:]:
        scaled = None not in (one.factor, known[0].factor) and one.factor != known[0].factor
        if one.dimension != known[0].dimension or scaled:
            what = {"-": "subtracts", "+": "adds"}.get(node.name, "sets side by side")
            raise FormulaError(f"position {node.at}: {what} {_words(known[0])} and {_words(one)}")
    if None in of:
        return None
    if not known:
        return _PLAIN
    if len(known) < len(of):
        return known[0] if len(of) == 1 else _Known(known[0].dimension)
    differing = node.name in {"+", "-"} and len(of) > 1 and known[0].offset
    return _Known(known[0].dimension, known[0].factor) if differing else known[0]


def _combined(node: Call, of: list[_Known]) -> _Known | None:  # noqa: PLR0911 - one case a function
    match node.name:
        case "*" | "/":
            sign = 1 if node.name == "*" else -1
            if of[0].plain and of[1].plain:
                return _PLAIN
            dimension = _times(of[0].dimension, of[1].dimension, sign)
            if None in (of[0].factor, of[1].factor) or of[0].offset or of[1].offset:
                return _Known(dimension)
            assert of[0].factor is not None
            assert of[1].factor is not None
            return _Known(dimension, of[0].factor * of[1].factor ** sign, Fraction(0))
        case "sqrt":
            return of[0] if of[0].plain else _Known(_power(of[0].dimension, Fraction(1, 2)))
        case "pow":
            exponent = node.arguments[1]
            if of[0].plain or not of[0].dimension:
                return _PLAIN
            return _Known(_power(of[0].dimension, Fraction(exponent.value))) if isinstance(exponent, Number) else None
        case "exp" | "ln" | "log10":
            if of[0].dimension:
                raise FormulaError(
                    f"position {node.at}: {node.name} takes a plain number, not {_words(of[0])}; bare(…) makes one"
                )
            return _PLAIN
    return of[0]


def _unit(code: str) -> _Known | None:
    if (unit := UNITS.get(code)) is None:
        return None
    return _Known(_KINDS.get(unit.kind, ((unit.kind, Fraction(1)),)), unit.factor, unit.offset)


def _code(found: _Known) -> str | None:
    """The first known unit that this is; a difference is in one that begins at zero."""
    if found.factor is None:
        return None
    wanted = _Known(found.dimension, found.factor, found.offset or Fraction(0))
    return next((code for code in UNITS if _unit(code) == wanted), None)


def _words(found: _Known) -> str:
    if (code := _code(found)) is not None:
        return code
    kind = next((u.kind for c, u in UNITS.items() if (one := _unit(c)) and one.dimension == found.dimension), None)
    return f"a {kind}" if kind else ".".join(f"{base}{power}" for base, power in found.dimension) or "a plain number"


def _times(one: Dimension, other: Dimension, sign: int) -> Dimension:
    summed = dict(one)
    for base, power in other:
        summed[base] = summed.get(base, Fraction(0)) + sign * power
    return tuple(sorted((base, power) for base, power in summed.items() if power))


def _power(one: Dimension, exponent: Fraction) -> Dimension:
    return tuple((base, power * exponent) for base, power in one if power * exponent)
