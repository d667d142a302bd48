"""What gold.rule_hits must hold, in plain Python that shares no code with the SQL.

Belongs here: verdicts over the readings of one series, each found by looking at all others. Does not: which readings
there are (``oracle``).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iot_assets.sections.rules import Rule

_SECOND = 1_000_000
_HOUR = 3600 * _SECOND
_DAY = 24 * _HOUR
_ALONE = {"range", "suspect_range", "sentinel"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A reading that no flag keeps out of its series: microseconds since 1970, and its places in both orders."""

    at: int
    value: float
    received: int
    place: tuple[Any, ...] = ()
    unit: str | None = None
    historical: bool = False
    declared_s: float | None = None

    @property
    def line(self) -> tuple[Any, ...]:
        """Its place in the order of time."""
        return (self.at, *self.place)

    @property
    def arrival(self) -> tuple[Any, ...]:
        """Its place in the order of arrival."""
        return (self.received, *self.place)


#: The reading, the rule, what was compared, the limit.
Hit: TypeAlias = "tuple[Point, Rule, float, float]"


def hits(series: Sequence[Point], rules: Sequence[Rule]) -> list[Hit]:
    """All hits of one series; rules that are for other series must be left out."""
    ordered = sorted(series, key=lambda p: p.line)
    found = [hit for rule in rules if rule.kind in _ALONE for hit in _all(rule, ordered)]
    out = {point for point, rule, _, _ in found if rule.action == "exclude"}
    # What is no value of the series is nobody's neighbour; but it was there, and it had arrived.
    rest = [point for point in ordered if point not in out]
    for rule in rules:
        if rule.kind not in {*_ALONE, "gap"}:
            found += _all(rule, ordered if rule.kind == "clock_step" else rest)
    out = {point for point, rule, _, _ in found if rule.action == "exclude"}
    for rule in rules:
        if rule.kind == "gap":
            found += _gaps(rule, ordered, [p for p in ordered if p not in out])
    return found


def _all(rule: Rule, ordered: Sequence[Point]) -> list[Hit]:
    return [
        (point, rule, *verdict)
        for place, point in enumerate(ordered)
        if (not rule.units or (point.unit or "") in rule.units)
        and (verdict := _verdict(rule, ordered, place)) is not None
    ]


def _verdict(rule: Rule, ordered: Sequence[Point], place: int) -> tuple[float, float] | None:
    value = ordered[place].value
    match rule.kind:
        case "range" | "suspect_range":
            if rule.low is not None and value < rule.low:
                return value, rule.low
            return (value, rule.high) if rule.high is not None and value > rule.high else None
        case "sentinel":
            return (value, value) if value in rule.values else None
        case "flat_line":
            return _flat(rule, ordered, ordered[place])
        case "clock_step":
            measure, limit = _step(rule, ordered, ordered[place]), rule.limit or 0
        case _:
            assert rule.limit is not None
            measure, limit = _jump(rule, ordered, place), rule.limit
    return None if measure is None or measure <= limit else (measure, limit)


def _jump(rule: Rule, ordered: Sequence[Point], place: int) -> float | None:
    point, near = ordered[place], (rule.within_s or 600) * _SECOND
    if place == 0 or point.at - ordered[place - 1].at > near:
        return None
    before = ordered[place - 1]
    if rule.kind == "rate_of_change":
        apart = max((point.at - before.at) / _SECOND, rule.over_s or 0)
        return None if before.at == point.at else abs(point.value - before.value) / apart
    if place + 1 == len(ordered) or ordered[place + 1].at - point.at > near:
        return None
    up, down = point.value - before.value, point.value - ordered[place + 1].value
    same = (up > 0 and down > 0) or (up < 0 and down < 0) or up == down == 0
    return min(abs(up), abs(down)) if same else None


def _flat(rule: Rule, ordered: Sequence[Point], point: Point) -> tuple[float, float] | None:
    assert rule.for_s is not None
    back = int(rule.for_s * _SECOND)
    before = [p for p in ordered if point.at - 2 * back <= p.at <= point.at - back]
    if not before:
        return None
    first = max(p.at for p in before)
    line = [p for p in ordered if point.at - back < p.at <= point.at]
    same = [p for p in before if p.at == first]
    if len(line) + 1 < (rule.least or 5):
        return None
    if any(abs(p.value - point.value) > (rule.tolerance or 0) for p in (*same, *line)):
        return None
    return (point.at - first) / _SECOND, rule.for_s


def _step(rule: Rule, ordered: Sequence[Point], point: Point) -> float | None:
    if point.historical:
        return None
    earlier = [p for p in ordered if p.arrival < point.arrival and not p.historical]
    if not earlier:
        return None
    last = max(earlier, key=lambda p: p.arrival)
    if point.received - last.received > (rule.within_s or 600) * _SECOND:
        return None
    return (last.at - point.at) / _SECOND


def _gaps(rule: Rule, ordered: Sequence[Point], valid: Sequence[Point]) -> list[Hit]:
    assert rule.for_s is not None
    found: list[Hit] = []
    for before, point in itertools.pairwise(ordered):
        gap = (point.at - before.at) / _SECOND
        limit: float | None = rule.for_s
        if rule.intervals is not None:
            learned = _learned(valid, point.at // _DAY)
            if point.declared_s is not None:
                limit = max(rule.for_s, rule.intervals * point.declared_s)
            elif learned is not None:
                limit = max(rule.for_s, rule.intervals * learned[0] / _SECOND, 1.5 * learned[1] / _SECOND)
            else:
                limit = None
        if limit is not None and gap > limit and (not rule.units or (point.unit or "") in rule.units):
            found.append((point, rule, gap, limit))
    return found


def _learned(valid: Sequence[Point], day: int) -> tuple[int, int] | None:
    """What three in four, and what all of the times between the hours of the last day before this do not exceed."""
    days = {p.at // _DAY for p in valid if p.at // _DAY < day}
    if not days:
        return None
    hours: dict[int, list[int]] = {}
    for p in valid:
        if p.at // _DAY == max(days):
            hours.setdefault(p.at // _HOUR, []).append(p.at)
    ordered = sorted(hours)
    steps = sorted(min(hours[b]) - max(hours[a]) for a, b in itertools.pairwise(ordered))
    return (steps[(3 * len(steps) + 3) // 4 - 1], steps[-1]) if len(steps) >= 2 else None
