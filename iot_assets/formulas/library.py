"""Formulas that everybody needs, ready to be switched on by name.

Belongs here: formulas with their inputs, numbers and sources. Does not: which are on (``sections/formulas.py``).
In the texts ``{input}`` stands for the metric that takes the input's place, a name of ``given`` for its number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from iot_assets.formulas.formula import Resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltIn:
    """One of the library: ``inputs`` are input → (metric, unit), ``given`` numbers that may be set otherwise."""

    name: str
    text: str
    unit: str
    description: str
    inputs: Mapping[str, tuple[str, str]]
    parts: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, float] = field(default_factory=dict)
    resolutions: tuple[Resolution, ...] = ("1h", "1d")


_AIR: Final = MappingProxyType({"temperature": ("temperature", "Cel"), "humidity": ("humidity", "%")})
_WARMTH: Final = MappingProxyType({"temperature": ("temperature", "Cel")})

LIBRARY: Final = MappingProxyType(
    {
        "power": BuiltIn(
            name="Power",
            text="mean({voltage}) * mean({current})",
            unit="W",
            description="Electrical power: mean voltage times mean current.",
            inputs={"voltage": ("Voltage", "V"), "current": ("Current", "A")},
            resolutions=("1d",),
        ),
        "heat_index": BuiltIn(
            name="heat_index",
            text="(where(simple < 80, simple, fitted - dry + damp) - 32) / 1.8",
            unit="Cel",
            description="How hot it feels in the shade: the heat index of the US National Weather Service"
            " (Rothfusz 1990, Technical Attachment SR 90-23, with the two adjustments and the simple formula"
            " below 80 °F), in °C.",
            inputs=_AIR,
            parts={
                "t": "bare(mean({temperature})) * 1.8 + 32",
                "rh": "bare(mean({humidity}))",
                "simple": "(0.5 * (t + 61 + (t - 68) * 1.2 + rh * 0.094) + t) / 2",
                "fitted": "-42.379 + 2.04901523 * t + 10.14333127 * rh - 0.22475541 * t * rh - 0.00683783 * t * t"
                " - 0.05481717 * rh * rh + 0.00122874 * t * t * rh + 0.00085282 * t * rh * rh"
                " - 0.00000199 * t * t * rh * rh",
                "dry": "where(rh < 13 and t >= 80 and t <= 112, (13 - rh) / 4 * sqrt((17 - abs(t - 95)) / 17), 0)",
                "damp": "where(rh > 85 and t >= 80 and t <= 87, (rh - 85) / 10 * ((87 - t) / 5), 0)",
            },
        ),
        "dew_point": BuiltIn(
            name="dew_point",
            text="b * g / (a - g)",
            unit="Cel",
            description="Dew point over water by the Magnus formula, coefficients of Alduchov and Eskridge 1996"
            " (J. Appl. Meteor. 35, 601-609): 17.625 and 243.04 °C.",
            inputs=_AIR,
            parts={
                "t": "bare(mean({temperature}))",
                "a": "17.625",
                "b": "243.04",
                "g": "ln(bare(mean({humidity})) / 100) + a * t / (b + t)",
            },
        ),
        "energy_from_power": BuiltIn(
            name="energy",
            text="mean({power}) * hours({power})",
            unit="Wh",
            description="Energy: mean power times the hours that its readings cover; what they do not cover"
            " counts nothing.",
            inputs={"power": ("Power", "W")},
        ),
        "heating_degree_days": BuiltIn(
            name="heating_degree_days",
            text="max(base - (min({temperature}) + max({temperature})) / 2, 0)",
            unit="K.d",
            description="How far the middle of the day's least and greatest temperature is below the base.",
            inputs=_WARMTH,
            given={"base": 18.0},
            resolutions=("1d",),
        ),
        "cooling_degree_days": BuiltIn(
            name="cooling_degree_days",
            text="max((min({temperature}) + max({temperature})) / 2 - base, 0)",
            unit="K.d",
            description="How far the middle of the day's least and greatest temperature is above the base.",
            inputs=_WARMTH,
            given={"base": 18.0},
            resolutions=("1d",),
        ),
        "availability": BuiltIn(
            name="availability",
            text="min(n({metric}) * interval_s / (bare(bucket_hours) * 3600), 1) * 100",
            unit="%",
            description="Share of the bucket that valid readings account for, each for `interval_s` seconds;"
            " a bucket without any has no row.",
            inputs={"metric": ("value", "1")},
            given={"interval_s": 60.0},
        ),
    }
)
