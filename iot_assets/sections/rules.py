"""The arrays ``rules``: what plain readings keep to, and what becomes of those that do not.

The kinds are tests of the manual of QARTOD (IOOS, Manual for Real-Time Quality Control of In-situ Temperature and
Salinity Data): timing/gap, gross range (fail and suspect limits), spike, rate of change, flat line; besides, a sentinel
is a number that a sensor or its gateway sends in place of a value, and a clock step a clock set back. Belongs here: declaring rules, and the built-in ones. Does not: judging by them
(``warehouse/rules.py``).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from iot_assets.sections.section import Section

#: kind → (parameters that it needs, or one of which it needs; others that it may have).
_PARAMETERS: Final = {
    "range": (("low", "high"), ()),
    "suspect_range": (("low", "high"), ()),
    "sentinel": (("values",), ()),
    "spike": (("limit",), ("within_s",)),
    "rate_of_change": (("limit",), ("within_s", "over_s")),
    "flat_line": (("for_s",), ("tolerance", "least")),
    "gap": (("for_s",), ("intervals",)),
    "clock_step": ((), ("limit", "within_s")),
}
_ALL: Final = ("low", "high", "values", "limit", "within_s", "for_s", "tolerance", "least", "intervals", "over_s")


class Rule(Section):
    """A rule for the numeric readings of some series; those that a flag excludes are not judged."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9_.-]{1,60}$",
        description="Its name, in gold.rule_hits; that of a built-in rule takes its place.",
    )
    kind: Literal["range", "suspect_range", "sentinel", "spike", "rate_of_change", "flat_line", "gap", "clock_step"] = (
        Field(description="What it looks at; docs/quality.md explains each.")
    )
    metrics: tuple[str, ...] = Field(min_length=1, description="Metrics it is for: names, or patterns with * and ?.")
    devices: tuple[str, ...] = Field(default=("*",), min_length=1, description="Devices it is for, likewise.")
    units: tuple[str, ...] = Field(
        default=(), description='Units of the readings it is for, "" for those without one; empty: all.'
    )
    action: Literal["warn", "exclude", "quarantine", "fail"] = Field(
        default="warn",
        description="warn: the reading is listed. exclude: also, no rollup counts it. quarantine: it stays out of silver.readings, its message is a reject that can be replayed. fail: the check rules of gold.rule_hits fails for a while, which stops nothing.",
    )
    enabled: bool = Field(default=True, description="false switches it off.")
    low: float | None = Field(
        default=None, allow_inf_nan=False, description="range, suspect_range: the least value that is right."
    )
    high: float | None = Field(
        default=None, allow_inf_nan=False, description="range, suspect_range: the greatest value that is right."
    )
    values: tuple[float, ...] = Field(default=(), description="sentinel: the numbers that stand for no value.")
    limit: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(
        default=None,
        description="What may not be exceeded: spike: the jump; rate_of_change: the change per second; clock_step: the seconds back, none when not set.",
    )
    within_s: Annotated[float, Field(gt=0, le=86_400)] | None = Field(
        default=None,
        description="spike, rate_of_change: a neighbour farther away does not count; clock_step: nor does one received longer before; 600 when not set.",
    )
    over_s: Annotated[float, Field(gt=0, le=86_400)] | None = Field(
        default=None,
        description="rate_of_change: a shorter time between two readings counts as so many seconds, so that small noise is no fast change.",
    )
    for_s: Annotated[float, Field(ge=60, le=604_800)] | None = Field(
        default=None,
        description="flat_line: for so long nothing may stay within the tolerance; gap: so far apart readings may be.",
    )
    tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        default=None, description="flat_line: what differs by no more is the same; 0 when not set."
    )
    least: Annotated[int, Field(ge=2)] | None = Field(
        default=None, description="flat_line: fewer readings say nothing; 5 when not set."
    )
    intervals: Annotated[float, Field(ge=1)] | None = Field(
        default=None,
        description="gap: it must also be longer than so many of the device's own intervals, declared or learned; where neither is known there is no gap.",
    )

    @model_validator(mode="after")
    def _whole(self) -> Rule:
        needed, optional = _PARAMETERS[self.kind]
        given = [name for name in _ALL if getattr(self, name) not in (None, ())]
        if needed and not any(name in needed for name in given):
            raise ValueError(f"rule {self.name!r} of kind {self.kind} needs {' or '.join(needed)}")
        if stray := [name for name in given if name not in (*needed, *optional)]:
            raise ValueError(
                f"rule {self.name!r}: {self.kind} has no {stray[0]}; allowed are {', '.join((*needed, *optional))}"
            )
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"rule {self.name!r}: low is above high")
        if self.action == "quarantine" and self.kind not in {"range", "suspect_range", "sentinel"}:
            raise ValueError(
                f"rule {self.name!r}: {self.kind} needs neighbours, which may arrive later, so it cannot quarantine;"
                " allowed are warn, fail" + (" and exclude" if self.kind != "gap" else "")
            )
        if self.kind == "gap" and self.action == "exclude":
            raise ValueError(f"rule {self.name!r}: what ends a gap is no wrong reading, so a gap excludes nothing")
        return self

    @property
    def reach_s(self) -> float:
        """How far away, in seconds, a neighbour counts."""
        return (self.within_s or 600) if "within_s" in _PARAMETERS[self.kind][1] else 0


_CELSIUS: Final = ("Cel", "C", "°C", "degC", "celsius")
_TEMPERATURES: Final = ("temperature", "*_temperature", "temp", "*Temperature")
#: What hangs in a room or outdoors; an oven or a flow pipe has a name of its own, or is given other rules.
_AIR: Final = (
    "temperature",
    "temp",
    "air_temperature",
    "room_temperature",
    "indoor_temperature",
    "outdoor_temperature",
)
_HUMIDITIES: Final = ("humidity", "*_humidity", "*Humidity", "rh")
_PRESSURES: Final = ("pressure", "air_pressure", "atmospheric_pressure", "barometric_pressure", "barometer")
_HECTOPASCALS: Final = ("hPa", "mbar")
_CO2: Final = ("co2", "CO2", "*_co2", "eco2")
_BATTERIES: Final = ("battery", "battery_level", "*_battery", "*_battery_level")
_NONE: Final = (-200.0, -999.0, -9999.0, 9999.0)

#: The built-in rules; one that is declared under the same name takes its place.
DEFAULT: Final = (
    Rule(name="temperature_sentinel", kind="sentinel", metrics=_TEMPERATURES, values=_NONE, action="exclude"),
    Rule(name="temperature_reset", kind="sentinel", metrics=_AIR, units=(*_CELSIUS, ""), values=(85,), action="exclude"),
    Rule(name="humidity_sentinel", kind="sentinel", metrics=_HUMIDITIES, values=_NONE, action="exclude"),
    Rule(name="pressure_sentinel", kind="sentinel", metrics=_PRESSURES, values=_NONE, action="exclude"),
    Rule(name="co2_sentinel", kind="sentinel", metrics=_CO2, values=(-200, -999, -9999), action="exclude"),

    Rule(name="temperature_zero", kind="range", metrics=_TEMPERATURES, units=_CELSIUS, low=-273.15, action="exclude"),
    Rule(name="temperature_range", kind="range", metrics=_AIR, units=(*_CELSIUS, ""), low=-90, high=140, action="exclude"),
    Rule(name="humidity_range", kind="range", metrics=_HUMIDITIES, units=("%", "%RH", ""), low=-2, high=105, action="exclude"),
    Rule(name="pressure_range", kind="range", metrics=_PRESSURES, units=_HECTOPASCALS, low=300, high=1200, action="exclude"),
    Rule(name="co2_range", kind="range", metrics=_CO2, units=("ppm", ""), low=0, high=20_000, action="exclude"),
    Rule(name="battery_range", kind="range", metrics=_BATTERIES, units=("%",), low=0, high=100, action="exclude"),

    Rule(name="temperature_suspect", kind="suspect_range", metrics=_AIR, units=_CELSIUS, low=-35, high=60),
    Rule(name="humidity_suspect", kind="suspect_range", metrics=_HUMIDITIES, units=("%", "%RH"), low=3),
    Rule(name="pressure_suspect", kind="suspect_range", metrics=_PRESSURES, units=_HECTOPASCALS, low=850, high=1070),
    Rule(name="co2_suspect", kind="suspect_range", metrics=_CO2, units=("ppm", ""), low=300, high=5000),

    Rule(name="temperature_spike", kind="spike", metrics=_AIR, limit=10, within_s=7200),
    Rule(name="humidity_spike", kind="spike", metrics=_HUMIDITIES, limit=25, within_s=7200),
    Rule(name="pressure_spike", kind="spike", metrics=_PRESSURES, units=_HECTOPASCALS, limit=15, within_s=7200),
    Rule(name="co2_spike", kind="spike", metrics=_CO2, limit=1500, within_s=7200),
    Rule(name="voltage_spike", kind="spike", metrics=("voltage",), limit=25, within_s=7200),

    Rule(name="temperature_change", kind="rate_of_change", metrics=_AIR, limit=10 / 900, over_s=900, within_s=3600),
    Rule(name="pressure_change", kind="rate_of_change", metrics=_PRESSURES, units=_HECTOPASCALS, limit=15 / 900, over_s=900, within_s=3600),
    Rule(name="co2_change", kind="rate_of_change", metrics=_CO2, limit=1500 / 900, over_s=900, within_s=3600),

    Rule(name="temperature_flat", kind="flat_line", metrics=_AIR, for_s=86_400, least=10),
    # In fog a sensor says 100 % all night and longer.
    Rule(name="humidity_flat", kind="flat_line", metrics=_HUMIDITIES, for_s=172_800, least=10),
    Rule(name="air_flat", kind="flat_line", metrics=(*_PRESSURES, *_CO2, "voltage"), for_s=36_000, least=10),

    Rule(name="gap", kind="gap", metrics=("*",), for_s=600, intervals=4.5),
    Rule(name="clock_step", kind="clock_step", metrics=("*",), limit=5, within_s=7200),
)  # fmt: skip


def in_force(declared: Iterable[Rule]) -> tuple[Rule, ...]:
    """The built-in rules and those declared, which win by name; without what is switched off, by name."""
    rules = {rule.name: rule for rule in (*DEFAULT, *declared)}
    return tuple(rules[name] for name in sorted(rules) if rules[name].enabled)


def fault(declared: tuple[Rule, ...]) -> str | None:
    """What is wrong with the rules together, or None."""
    names = [rule.name for rule in declared]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        return f"two rules are named {twice[0]!r}"
    built_in = [rule.name for rule in DEFAULT]
    for rule in declared:
        if not rule.enabled and rule.name not in built_in:
            near = difflib.get_close_matches(rule.name, built_in, n=1)
            if near:
                return f"rule {rule.name!r} is switched off, but there is no built-in rule of that name; did you mean {near[0]!r}?"
    return None
