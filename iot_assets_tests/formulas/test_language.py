"""What formulas may say; and that a wrong one is refused with what is wrong and where."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iot_assets.errors import SettingsError
from iot_assets.formulas.formula import fingerprint
from iot_assets.formulas.language import FormulaError, parse
from iot_assets.sections.formulas import Formula
from iot_assets.settings import Settings, load_settings


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("men(x)", "position 1: men(x) men is no function or statistic; did you mean mean?"),
        ("1 + median(x)", "position 5: median(x) median is no function or statistic"),
        ("mean(x) +", "cannot be read"),
        ("(1 + mean(x)", "position 1: cannot be read"),
        ("2 * voltage", "position 5: voltage stands alone: a metric needs its statistic, such as mean(voltage)"),
        ("mean(air.temp)", 'mean takes the name of one metric; in quotes where it is no plain word: mean("air.temp")'),
        ('mean("°") * mean(µ)', "position 13: mean(µ)"),
        ("mean(a, b)", "takes the name of one metric, not 2"),
        ("mean(x) > 3", "is a condition, where a number is needed"),
        ("where(mean(x), 1, 2)", "position 7: mean(x) is a number, where a condition is needed"),
        ("1 < mean(x) < 3", "write a < b and b < c"),
        ("sqrt(1, 2)", "takes 1, not 2"),
        ("mean(x) if 1 else 2", "is not in the language"),
        ("__import__('os').system('x')", "is not in the language"),
        ("mean(x) + 1e999", "position 11: 1e999 is too large"),
        ("mean(x) + 'x'", "is no number"),
        ("1 + 1", "takes no metric"),
        ("+".join(["mean(x)"] * 400), "at most 2000 characters"),
        ("-" * 500 + "mean(x)", "nested too deeply"),
        ("mean(x)\0", "cannot be read"),
    ],
)  # fmt: skip
def test_a_wrong_formula_is_refused_with_what_is_wrong_and_where(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        Formula(name="y", formula=text)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"use": "powr"}, "is not in the library; did you mean power?"),
        ({"use": "power", "inputs": {"volt": "u"}}, "has no input volt; did you mean voltage?"),
        ({"use": "heating_degree_days", "given": {"bas": 3}}, "has no number bas; did you mean base?"),
        ({"use": "power", "formula": "mean(x)"}, "has `use` and formula"),
        ({"name": "y"}, "needs `name` and `formula`"),
        ({"name": "y", "formula": "mean(y)"}, "its own name"),
        ({"name": "y", "formula": "mean(x)", "units": {"z": "V"}}, "units are given of z, which it does not take"),
        ({"name": "y", "formula": "t", "parts": {"t": "mean(x) *"}}, "part t: position 1: cannot be read"),
        ({"name": "y", "formula": "mean(x)", "parts": {"min": "1"}}, "a part cannot be called 'min'"),
        ({"name": "y", "formula": "mean(x)", "resolutions": ["5min"]}, "Input should be '1h' or '1d'"),
    ],
)
def test_a_wrong_declaration_is_refused(said: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        Formula(**said)


@pytest.mark.parametrize(
    ("text", "unit", "why"),
    [
        ("mean(U) * mean(I)", "V", "gives W, so its unit cannot be V"),
        ("mean(U) * mean(I)", "kW", "gives W, not kW: multiply it by 0.001"),
        ("mean(U) + mean(I)", None, "position 1: adds V and A"),
        ("max(mean(U), mean(I))", None, "position 1: sets side by side V and A"),
        ("where(mean(U) > mean(I), 1, 2)", None, "position 7: sets side by side V and A"),
        ("exp(mean(U))", None, "exp takes a plain number, not V"),
        ("mean(T)", "K", "whose zero is another"),
    ],
)
def test_units_that_contradict_are_refused(text: str, unit: str | None, why: str) -> None:
    units = {name: said for name, said in {"U": "V", "I": "A", "T": "°C"}.items() if f"({name})" in text}
    with pytest.raises(ValueError, match=re.escape(why)):
        Formula(name="y", formula=text, unit=unit, units=units)


@pytest.mark.parametrize(
    ("text", "units", "unit"),
    [
        ("mean(U) * mean(I)", {"U": "V", "I": "A"}, "W"),
        ("mean(U) / mean(I)", {"U": "V", "I": "A"}, "Ohm"),
        ("mean(P) * hours(P)", {"P": "kW"}, "kWh"),
        ("increase(E) / bucket_hours", {"E": "Wh"}, "W"),
        ("max(T) - min(T)", {"T": "°C"}, "K"),
        ("delta(T)", {"T": "K"}, "K"),
        ("mean(U) * 2", {"U": "V"}, None),
        ("mean(U) * mean(x)", {"U": "V"}, None),
        ("sqrt(mean(U) * mean(U))", {"U": "V"}, None),
        ("mean(U)", {"U": "clicks"}, None),
    ],
)
def test_the_unit_of_the_result_is_that_which_the_metrics_make(
    text: str, units: dict[str, str], unit: str | None
) -> None:
    assert Formula(name="y", formula=text, units=units).ready().unit == unit


def test_next_to_a_plain_number_only_the_kind_of_the_unit_is_judged() -> None:
    assert Formula(name="y", formula="mean(U) / 1000", units={"U": "V"}, unit="kV").ready().unit == "kV"
    with pytest.raises(ValueError, match="gives a voltage, so its unit cannot be W"):
        Formula(name="y", formula="mean(U) / 1000", units={"U": "V"}, unit="W")


def test_a_wrong_formula_in_the_settings_file_is_told_as_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "iot.toml"
    file.write_text('[[formulas]]\nname = "y"\nformula = "mean(x) * men(z)"\n', encoding="utf-8")
    with pytest.raises(
        SettingsError, match=r"formulas.0 \(from .*\): formula y: position 11: men\(z\) men is no function"
    ):
        load_settings(file)


def test_the_fingerprint_differs_where_anything_does() -> None:
    said: dict[str, Any] = {"name": "y", "formula": "mean(x)"}
    others: list[dict[str, Any]] = [
        {"formula": "max(x)"},
        {"unit": "V"},
        {"kinds": ["a"]},
        {"resolutions": ["1h"]},
        {"description": "!"},
    ]
    found = {fingerprint([Formula(**said | other).ready()]) for other in [{}, *others]}
    assert len(found) == len(others) + 1


def test_power_is_there_without_a_word_in_the_settings() -> None:
    (power,) = [one.ready() for one in Settings().formulas]
    assert (power.name, power.metrics, power.resolutions, power.unit) == ("Power", ("Current", "Voltage"), ("1d",), "W")


@given(st.text(max_size=60) | st.text("mean(x)+*/-<>,'\" \n0.9_{}[]:=", max_size=60))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(FormulaError):
        parse(text)
