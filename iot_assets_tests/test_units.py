"""Units: known spellings become codes, declared ones are converted exactly, everything else stays as it was sent."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iot_assets.decoders.routes import Route, RouteTable
from iot_assets.errors import SettingsError
from iot_assets.units import UNITS, code, conversion
from iot_assets_tests.decoders.batches import decoded, readings

PAIRS = [(one, other) for one in UNITS for other in UNITS if UNITS[one].kind == UNITS[other].kind]


def measured(value: object, unit: object, metric: str = "t", **options: Any) -> tuple[Any, str | None, list[str]]:
    """Value, unit and flags of a reading of this value and unit."""
    body = {"id": "a", "type": metric, "value": value, "unit": unit}
    (reading,) = readings(decoded([("u", json.dumps(body).encode())], Route("u", "sensor_value", options)))
    return (
        reading["value"] if reading["value_text"] is None else reading["value_text"],
        reading["unit"],
        reading["flags"],
    )


@pytest.mark.parametrize(
    ("spelled", "expected"),
    [
        *[(name, "Cel") for name in ("Cel", "°C", "ºC", "℃", "C", "celsius", "Celsius", "DEGREES CELSIUS", " °C ")],
        *[(name, "[degF]") for name in ("°F", "F", "fahrenheit", "[degF]")],
        *[(name, "%") for name in ("%", "percent", "Percent", "%RH")],
        *[(name, "ug/m3") for name in ("µg/m³", "μg/m³", "ug/m3")],
        ("km/h", "km/h"),
        ("mW", "mW"),
        ("MW", "MW"),
        ("bananas", "bananas"),
        ("", ""),
    ],
)
def test_known_spellings_become_codes_and_others_stay(spelled: str, expected: str) -> None:
    assert code(spelled) == expected


@pytest.mark.parametrize(
    ("value", "unit", "target", "expected"),
    [
        (212, "F", "Cel", 100.0),
        (-40, "°F", "°C", -40.0),
        (98.6, "[degF]", "Cel", 37.0),
        (0, "K", "Cel", -273.15),
        (295.65, "K", "celsius", 22.5),
        (21.5, "C", "K", 294.65),
        (21.5, "C", "F", 70.7),
        (1, "mph", "km/h", 1.609344),
        (29.92, "inHg", "hPa", 1013.20453696),
        (1.5, "kWh", "Wh", 1500.0),
        (3.6, "km/h", "m/s", 1.0),
        (512, "MiB", "GiB", 0.5),
    ],
)
def test_a_declared_unit_is_what_values_are_converted_to(value: float, unit: str, target: str, expected: float) -> None:
    assert measured(value, unit, convert={"t": target}) == (expected, code(target), [])


@pytest.mark.parametrize(
    ("value", "unit"), [(230, "V"), (5, "bananas"), (5, None), (1e308, "K"), ("high", "F"), (21.5, "C")]
)
def test_what_cannot_be_converted_keeps_value_and_unit(value: object, unit: str | None) -> None:
    kept, its_unit, _ = measured(value, unit, convert={"t": "Cel"}, strings="text")
    assert kept == value
    assert its_unit == (None if unit is None else code(unit))


def test_only_the_metric_that_is_named_is_converted() -> None:
    body = b'{"inside": 70, "outside": 50, "note": "dry"}'
    options = {"units": {"inside": "F", "outside": "F", "note": "F"}, "convert": {"inside": "C", "note": "C"}}
    found = readings(decoded([("u/a", body)], Route("u/{device}", "flat_json", options)))
    told = {r["metric"]: (r["value"], r["value_text"], r["unit"]) for r in found}
    assert told == {
        "inside": (pytest.approx(21.11111111111111, abs=0), None, "Cel"),
        "outside": (50.0, None, "[degF]"),
        "note": (None, "dry", "[degF]"),
    }


@pytest.mark.parametrize(("value", "flags"), [(86, []), (86.1, ["out_of_range"])])
def test_limits_are_those_of_the_converted_value(value: float, flags: list[str]) -> None:
    assert measured(value, "F", convert={"t": "C"}, limits={"t": (0, 30)})[2] == flags


def test_rows_of_different_units_are_each_converted_by_their_own_way() -> None:
    units = ["F", "K", "C", None, "V", "°F"]
    bodies = [json.dumps({"id": "a", "type": "t", "value": 32, "unit": unit}).encode() for unit in units]
    found = readings(decoded([("u", body) for body in bodies], Route("u", "sensor_value", {"convert": {"t": "Cel"}})))
    assert [(r["value"], r["unit"]) for r in found] == [
        (0.0, "Cel"), (-241.15, "Cel"), (32.0, "Cel"), (32.0, None), (32.0, "V"), (0.0, "Cel"),
    ]  # fmt: skip


@given(pair=st.sampled_from(PAIRS), value=st.fractions())
def test_there_and_back_is_where_one_was(pair: tuple[str, str], value: Fraction) -> None:
    there, back = conversion(*pair), conversion(*reversed(pair))
    assert there is not None
    assert back is not None
    assert back.exact(there.exact(value)) == value


@given(pair=st.sampled_from(PAIRS), value=st.floats(1e-6, 1e6) | st.floats(-1e6, -1e-6) | st.just(0.0))
def test_columns_are_converted_as_exactly_as_doubles_can(pair: tuple[str, str], value: float) -> None:
    one, other = pair
    way = conversion(one, other)
    assert way is not None
    exact = way.exact(Fraction(value))
    found, unit, _ = measured(value, one, convert={"t": other})
    assert unit == other
    # The largest number on the way decides how many digits are left.
    scale = max(abs(exact), abs(Fraction(way.plus, way.over)))
    assert abs(Fraction(found) - exact) <= scale * Fraction(1, 2**50)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"convert": {"t": "Celsus"}}, ["'Celsus' is none that is known", "did you mean 'celsius'"]),
        ({"units": {"t": "V"}, "convert": {"t": "C"}}, ["t is in V", "cannot be converted to Cel"]),
    ],
)
def test_a_conversion_that_cannot_be_is_told_at_the_start(options: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        RouteTable([Route("u", "flat_json", options)])
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_unit_that_nobody_knows_may_be_declared_and_still_be_wanted_in_another() -> None:
    RouteTable([Route("u", "flat_json", {"units": {"t": "bananas"}, "convert": {"t": "C"}})])


def test_no_spelling_means_two_units() -> None:
    spelled = [name for unit in UNITS.values() for name in unit.names]
    assert len(spelled) == len(set(spelled))
    assert not set(spelled) & set(UNITS)
