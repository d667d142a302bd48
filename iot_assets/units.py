"""Units: how people spell them, the codes that readings carry, and exact conversion between those of one kind.

Belongs here: the table and its arithmetic. Does not: which metric is to be in which unit (``decoders``).
Codes are those of UCUM, but for a few that nobody writes as UCUM does: kWh, Ah and their like, dBm, var.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of a kind: a value in it times ``factor``, plus ``offset``, is the value in the kind's base unit."""

    kind: str
    factor: Fraction
    offset: Fraction
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conversion:
    """(value × times + plus) / over, all three whole numbers, so that 212 °F are 100 °C to the last digit."""

    times: int
    plus: int
    over: int

    def exact(self, value: Fraction) -> Fraction:
        """The value in the other unit."""
        return (value * self.times + self.plus) / self.over


def _unit(kind: str, factor: str, *names: str, offset: str = "0") -> Unit:
    return Unit(kind, Fraction(factor), Fraction(offset), names)


#: code → kind, factor to the kind's base unit, other spellings. Spellings of more than three letters count in any case.
UNITS: Final = MappingProxyType(
    {
        "K": _unit("temperature", "1", "kelvin"),
        "Cel": _unit(
            "temperature",
            "1",
            "C",
            "°C",
            "ºC",
            "℃",
            "degC",
            "deg C",
            "celsius",
            "degree celsius",
            "degrees celsius",
            "degree_celsius",
            "degrees_celsius",
            offset="273.15",
        ),
        "[degF]": _unit(
            "temperature",
            "5/9",
            "F",
            "°F",
            "ºF",
            "℉",
            "degF",
            "deg F",
            "fahrenheit",
            "degree fahrenheit",
            "degrees fahrenheit",
            "degree_fahrenheit",
            "degrees_fahrenheit",
            offset="45967/180",
        ),
        "1": _unit("ratio", "1"),
        "%": _unit("ratio", "1/100", "percent", "pct", "%RH", "% RH", "RH%", "%rH", "%rh"),
        "[ppm]": _unit("ratio", "1/1000000", "ppm"),
        "[ppb]": _unit("ratio", "1/1000000000", "ppb"),
        "Pa": _unit("pressure", "1", "pascal"),
        "hPa": _unit("pressure", "100", "hectopascal"),
        "kPa": _unit("pressure", "1000"),
        "MPa": _unit("pressure", "1000000"),
        "bar": _unit("pressure", "100000"),
        "mbar": _unit("pressure", "100", "millibar"),
        "[psi]": _unit("pressure", "8896443230521/1290320000", "psi", "PSI"),
        "mm[Hg]": _unit("pressure", "133.322", "mmHg"),
        "[in_i'Hg]": _unit("pressure", "3386.3788", "inHg", "inhg"),
        "atm": _unit("pressure", "101325"),
        "V": _unit("voltage", "1", "volt", "volts"),
        "uV": _unit("voltage", "1/1000000"),
        "mV": _unit("voltage", "1/1000", "millivolt", "millivolts"),
        "kV": _unit("voltage", "1000"),
        "A": _unit("current", "1", "amp", "amps", "ampere", "amperes"),
        "uA": _unit("current", "1/1000000"),
        "mA": _unit("current", "1/1000", "milliampere", "milliamperes"),
        "W": _unit("power", "1", "watt", "watts"),
        "mW": _unit("power", "1/1000"),
        "kW": _unit("power", "1000", "KW", "kilowatt", "kilowatts"),
        "MW": _unit("power", "1000000"),
        "VA": _unit("apparent power", "1", "V.A", "voltampere"),
        "kVA": _unit("apparent power", "1000", "kV.A"),
        "var": _unit("reactive power", "1", "VAr", "VAR"),
        "kvar": _unit("reactive power", "1000", "kVAr", "kVAR"),
        "J": _unit("energy", "1", "joule", "joules"),
        "kJ": _unit("energy", "1000"),
        "MJ": _unit("energy", "1000000"),
        "W.min": _unit("energy", "60"),
        "Wh": _unit("energy", "3600", "W.h", "WH"),
        "kWh": _unit("energy", "3600000", "kW.h", "KWh", "KWH", "kwh"),
        "MWh": _unit("energy", "3600000000", "MW.h"),
        "Ah": _unit("charge", "3600", "A.h"),
        "mAh": _unit("charge", "3.6", "mA.h"),
        "Ohm": _unit("resistance", "1", "Ω", "\u2126", "ohm", "ohms"),
        "kOhm": _unit("resistance", "1000", "kΩ", "k\u2126", "kohm"),
        "MOhm": _unit("resistance", "1000000", "MΩ", "M\u2126"),
        "Hz": _unit("frequency", "1", "hertz"),
        "kHz": _unit("frequency", "1000"),
        "MHz": _unit("frequency", "1000000"),
        "GHz": _unit("frequency", "1000000000"),
        "/min": _unit("frequency", "1/60", "rpm", "RPM", "r/min", "1/min"),
        "s": _unit("time", "1", "sec", "secs", "second", "seconds"),
        "us": _unit("time", "1/1000000"),
        "ms": _unit("time", "1/1000", "millisecond", "milliseconds"),
        "min": _unit("time", "60", "mins", "minute", "minutes"),
        "h": _unit("time", "3600", "hr", "hrs", "hour", "hours"),
        "d": _unit("time", "86400", "day", "days"),
        "m": _unit("length", "1", "meter", "metre", "meters", "metres"),
        "um": _unit("length", "1/1000000"),
        "mm": _unit("length", "1/1000", "millimeter", "millimetre"),
        "cm": _unit("length", "1/100", "centimeter", "centimetre"),
        "km": _unit("length", "1000", "kilometer", "kilometre"),
        "[in_i]": _unit("length", "0.0254", "in", "inch", "inches"),
        "[ft_i]": _unit("length", "0.3048", "ft", "foot", "feet"),
        "[mi_i]": _unit("length", "1609.344", "mi", "mile", "miles"),
        "[nmi_i]": _unit("length", "1852", "nmi", "nautical mile", "nautical miles"),
        "m/s": _unit("speed", "1", "mps"),
        "km/h": _unit("speed", "5/18", "kmh", "kph", "km/hr"),
        "[mi_i]/h": _unit("speed", "0.44704", "mph", "mi/h"),
        "[kn_i]": _unit("speed", "463/900", "kn", "kt", "kts", "knot", "knots"),
        "[ft_i]/s": _unit("speed", "0.3048", "ft/s"),
        "mm/h": _unit("speed", "1/3600000", "mm/hr"),
        "[in_i]/h": _unit("speed", "127/18000000", "in/h", "in/hr"),
        "m/s2": _unit("acceleration", "1"),
        "[g]": _unit("acceleration", "9.80665"),
        "g": _unit("mass", "1/1000", "gram", "grams"),
        "mg": _unit("mass", "1/1000000"),
        "kg": _unit("mass", "1", "kilogram", "kilograms"),
        "t": _unit("mass", "1000", "tonne", "tonnes"),
        "[lb_av]": _unit("mass", "0.45359237", "lb", "lbs"),
        "[oz_av]": _unit("mass", "0.028349523125", "oz"),
        "m3": _unit("volume", "1", "m^3", "cubic meter", "cubic metre", "cubic meters", "cubic metres"),
        "L": _unit("volume", "1/1000", "l", "ltr", "liter", "litre", "liters", "litres"),
        "mL": _unit("volume", "1/1000000", "ml", "milliliter", "millilitre"),
        "[gal_us]": _unit("volume", "0.003785411784", "gal", "gallon", "gallons"),
        "[cft_i]": _unit("volume", "0.028316846592", "ft3", "ft^3", "[ft_i]3"),
        "m3/h": _unit("flow", "1/3600", "m^3/h", "cmh"),
        "L/s": _unit("flow", "1/1000", "l/s"),
        "L/min": _unit("flow", "1/60000", "l/min", "lpm", "LPM"),
        "L/h": _unit("flow", "1/3600000", "l/h", "lph"),
        "[gal_us]/min": _unit("flow", "0.0000630901964", "gpm", "GPM", "gal/min"),
        "lx": _unit("illuminance", "1", "lux"),
        "lm": _unit("luminous flux", "1", "lumen"),
        "deg": _unit("angle", "1", "°", "degree", "degrees"),
        "'": _unit("angle", "1/60"),
        "W/m2": _unit("irradiance", "1", "W/m^2"),
        "[pH]": _unit("acidity", "1", "pH", "ph", "PH"),
        "uS/cm": _unit("conductivity", "1/10000"),
        "mS/cm": _unit("conductivity", "1/10"),
        "S/m": _unit("conductivity", "1"),
        "ug/m3": _unit("density", "1/1000000000", "ug/m^3"),
        "mg/m3": _unit("density", "1/1000000", "mg/m^3"),
        "g/m3": _unit("density", "1/1000", "g/m^3"),
        "kg/m3": _unit("density", "1", "kg/m^3"),
        "mg/L": _unit("density", "1/1000", "mg/l"),
        "uSv/h": _unit("dose rate", "1"),
        "Bq/m3": _unit("radioactivity", "1", "Bq/m^3"),
        "dB": _unit("level", "1", "decibel", "decibels"),
        "dBm": _unit("level above 1 mW", "1", "dB[mW]"),
        "bit": _unit("data", "1/8", "bits"),
        "By": _unit("data", "1", "B", "byte", "bytes"),
        "kBy": _unit("data", "1000", "kB"),
        "MBy": _unit("data", "1000000", "MB"),
        "GBy": _unit("data", "1000000000", "GB"),
        "KiBy": _unit("data", "1024", "KiB"),
        "MiBy": _unit("data", "1048576", "MiB"),
        "GiBy": _unit("data", "1073741824", "GiB"),
    }
)
#: Signs that stand for others: micro in its two spellings, and powers.
_SIGNS: Final = str.maketrans({"\u00b5": "u", "\u03bc": "u", "²": "2", "³": "3"})
_WORD: Final = 4


def _spellings() -> Iterator[tuple[str, str]]:
    for code, unit in UNITS.items():
        for name in unit.names:
            yield name, code
            if len(name) >= _WORD:
                yield name.lower(), code


_CODES: Final = MappingProxyType(dict(_spellings()))


@lru_cache(maxsize=10_000)  # devices may make up names without end
def _known(text: str) -> str | None:
    plain = text.translate(_SIGNS)
    if plain in UNITS:
        return plain
    return _CODES.get(plain) or (_CODES.get(plain.lower()) if len(plain) >= _WORD else None)


def code(text: str) -> str:
    """The unit's code; a unit that is not known stays as it is spelled."""
    return _known(text.strip()) or text


def near(text: str) -> str:
    """A hint at a known unit that is spelled like this one, or nothing."""
    found = difflib.get_close_matches(text, [*UNITS, *_CODES], n=1)
    return f"; did you mean {found[0]!r}?" if found else ""


def conversion(source: str, target: str) -> Conversion | None:
    """From one code to another of the same kind; None where there is no such way."""
    one, other = UNITS.get(source), UNITS.get(target)
    if one is None or other is None or one.kind != other.kind:
        return None
    factor, offset = one.factor / other.factor, (one.offset - other.offset) / other.factor
    over = math.lcm(factor.denominator, offset.denominator)
    return Conversion(int(factor * over), int(offset * over), over)
