"""What gold.rule_hits must hold, in plain Python that shares no code with the SQL.

Belongs here: verdicts over the readings of one series. Does not: which readings there are (``oracle``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iot_assets.sections.rules import Rule

#: A reading of a series: seconds, value.
Reading: TypeAlias = tuple[float, float]
#: A hit: seconds, rule, measure, bound.
Hit: TypeAlias = tuple[float, str, float, float]


def hits(series: Sequence[Reading], rules: Sequence[Rule]) -> list[Hit]:
    """All hits of one series, whose readings have different times, in any order."""
    ordered = sorted(series)
    found: list[Hit] = []
    for rule in rules:
        for place, (at, value) in enumerate(ordered):
            before = ordered[place - 1] if place else None
            after = ordered[place + 1] if place + 1 < len(ordered) else None
            if (verdict := _verdict(rule, (at, value), before, after)) is not None:
                found.append((at, rule.name, *verdict))
    return sorted(found)


def _verdict(rule: Rule, reading: Reading, before: Reading | None, after: Reading | None) -> tuple[float, float] | None:
    value = reading[1]
    if rule.kind in {"range", "suspect_range"}:
        broken = [
            low_or_high
            for low_or_high, beyond in ((rule.low, -1), (rule.high, 1))
            if low_or_high is not None and (value - low_or_high) * beyond > 0
        ]
        return (value, broken[0]) if broken else None
    if rule.kind == "sentinel":
        return (value, value) if value in rule.values else None
    assert rule.limit is not None
    measure = _compared(rule, reading, before, after)
    return None if measure is None or measure <= rule.limit else (measure, rule.limit)


def _compared(rule: Rule, reading: Reading, before: Reading | None, after: Reading | None) -> float | None:
    at, value = reading
    near = rule.within_s or 600
    if before is None or at - before[0] > near:
        return None
    if rule.kind == "rate_of_change":
        return abs(value - before[1]) / (at - before[0])
    if after is None or after[0] - at > near:
        return None
    up, down = value - before[1], value - after[1]
    return min(abs(up), abs(down)) if up * down > 0 else None
