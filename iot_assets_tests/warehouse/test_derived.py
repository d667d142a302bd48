"""Derived metrics: made where all inputs are, healed with them, and made anew where their formula is another."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from iot_assets.formulas.library import LIBRARY
from iot_assets.sections.formulas import Formula
from iot_assets.warehouse import export
from iot_assets_tests.house import House, house_in
from iot_assets_tests.lake_builder import NOON, LakeBuilder, Message, at, registry, said

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY = NOON.replace(hour=0)
SAMPLE = Path(__file__).parents[2].parent / "shared" / "samples" / "epoch_lines.txt"


def with_formulas(house: House, *said: dict[str, Any]) -> House:
    """The same data folder, with these formulas in the settings."""
    return House(house.settings.model_copy(update={"formulas": tuple(Formula(**one) for one in said)}))


def days(house: House) -> list[tuple[Any, ...]]:
    return house.ask("select device_id, metric, bucket_at, value, unit, n from gold.derived_1d order by all")


def values(house: House, resolution: str = "1d") -> list[tuple[str, float]]:
    return [
        (str(metric), float(value))
        for metric, value in house.ask(f"select metric, value from gold.derived_{resolution} order by all")
    ]


def test_power_is_there_by_default_on_days_having_both(house: House) -> None:
    lines = b"1649941817 Voltage 1.34\n1649941818 Voltage 1.35\n1649941817 Current 12.0\n1649941818 Current 14.0\n"
    LakeBuilder(house.paths).land(Message(received_at=NOON, topic="/data", payload=lines + b"1650028217 Voltage 1.5\n"))
    house.run()
    day = datetime.fromisoformat("2022-04-14T00:00:00+00:00")
    assert days(house) == [("data", "Power", day, pytest.approx(17.485, abs=1e-12), "W", 2)]
    assert house.ask("select count(*) from gold.readings_1d where metric = 'Voltage'") == [(2,)]


@pytest.mark.skipif(not SAMPLE.is_file(), reason=f"SKIPPED: no sample at {SAMPLE}")
def test_the_sample_of_epoch_lines_gives_its_power(house: House) -> None:
    LakeBuilder(house.paths).land(Message(received_at=NOON, topic="/data", payload=SAMPLE.read_bytes()))
    house.run()
    ((name, value),) = values(house)
    assert name == "Power"
    assert value == pytest.approx(17.485, abs=1e-12)


def test_a_row_comes_with_its_last_input_and_goes_with_it(house: House) -> None:
    house = with_formulas(house, {"name": "p", "formula": "mean(v) * max(i)"})
    lake = LakeBuilder(house.paths)
    lake.land(said("a", 0, v=2))
    house.run()
    assert values(house, "1h") == []
    lake.land(said("a", 60, i=3))
    house.run()
    assert values(house, "1h") == values(house) == [("p", 6.0)]
    # A correction that is no number leaves the bucket without the input.
    lake.land(said("a", 60, received=70, i="broken"))
    house.run()
    assert values(house, "1h") == values(house) == []


def test_late_data_heals_the_bucket_that_it_concerns(house: House) -> None:
    house = with_formulas(house, {"name": "p", "formula": "sum(v) + n(v)"})
    lake = LakeBuilder(house.paths)
    lake.land(said("a", 0, v=2), said("a", 3600, v=5), said("b", 0, v=1))
    house.run()
    lake.land(said("a", 1, received=7200, v=10))
    with house.open():
        pass
    house.run()
    assert house.ask("select device_id, bucket_at, value, n from gold.derived_1h order by all") == [
        ("a", at(0), 14.0, 2),
        ("a", at(3600), 6.0, 1),
        ("b", at(0), 2.0, 1),
    ]


def test_an_excluded_reading_is_no_input(house: House) -> None:
    house = with_formulas(house, {"name": "p", "formula": "mean(v)"})
    LakeBuilder(house.paths).land(registry(-60, {"a": {"metrics": {"v": {"max": 5}}}}), said("a", 0, v=99))
    house.run()
    assert house.ask("select n, n_valid from gold.readings_1d") == [(1, 0)]
    assert values(house) == []


def test_a_changed_formula_is_made_anew_for_all_days_and_leaves_the_others(house: House) -> None:
    one, other = {"name": "p", "formula": "mean(v)"}, {"name": "q", "formula": "mean(v) * 3"}
    before = with_formulas(house, one, other)
    LakeBuilder(house.paths).land(said("a", -86_400, v=1), said("a", 0, v=2))
    before.run()
    assert values(before) == [("p", 1.0), ("p", 2.0), ("q", 3.0), ("q", 6.0)]
    after = with_formulas(house, {"name": "p", "formula": "mean(v) + 10"}, other)
    after.run()
    assert values(after) == [("p", 11.0), ("p", 12.0), ("q", 3.0), ("q", 6.0)]
    assert house.ask("select distinct resolution, metric, formula from gold.formulas order by all")[:2] == [
        ("1d", "p", "mean(v) + 10"),
        ("1d", "q", "mean(v) * 3"),
    ]


def test_a_formula_that_is_taken_out_leaves_nothing_behind(house: House) -> None:
    before = with_formulas(house, {"name": "p", "formula": "mean(v)"})
    LakeBuilder(house.paths).land(said("a", 0, v=1))
    before.run()
    after = with_formulas(house)
    after.run()
    assert values(after) == values(after, "1h") == house.ask("select * from gold.formulas") == []


def test_a_changed_formula_reaches_hours_that_only_the_lake_has(house: House) -> None:
    before = with_formulas(house, {"name": "p", "formula": "mean(v)"})
    LakeBuilder(house.paths).land(said("a", -200 * 86_400, v=1))
    before.run()
    with house.open() as connection:
        export.export(connection, closed_after=timedelta(hours=6), hot_days=35, grace=timedelta(hours=1))
    assert house.ask("select count(*) from gold.readings_1h") == [(0,)]
    after = with_formulas(house, {"name": "p", "formula": "mean(v) + 1"})
    after.run()
    assert values(after, "1h") == [("p", 2.0)]


def test_other_formulas_are_published_though_no_data_has_come(house: House) -> None:
    before = with_formulas(house, {"name": "p", "formula": "mean(v)"})
    LakeBuilder(house.paths).land(said("a", 0, v=1))
    before.run()
    assert before.publish().changed
    before.run()
    assert not before.publish().changed
    with_formulas(house, {"name": "p", "formula": "mean(v) + 1"}).run()
    assert house.publish().changed


def test_formulas_are_for_the_devices_that_they_name(house: House) -> None:
    house = with_formulas(
        house,
        {"name": "by_kind", "formula": "mean(v)", "kinds": ["met*"], "resolutions": ["1d"]},
        {"name": "by_both", "formula": "mean(v)", "kinds": ["meter"], "sites": ["s?"], "resolutions": ["1d"]},
        {"name": "by_name", "formula": "mean(v)", "devices": ["x[1]", "b*"], "resolutions": ["1d"]},
    )
    places: dict[str, dict[str, object]] = {"a": {"kind": "meter", "site": "s1"}, "b1": {"kind": "meter"}}
    LakeBuilder(house.paths).land(registry(-60, places), *(said(d, 0, v=1) for d in ("a", "b1", "x1", "x[1]")))
    house.run()
    assert house.ask("select metric, device_id from gold.derived_1d order by all") == [
        ("by_both", "a"),
        ("by_kind", "a"),
        ("by_kind", "b1"),
        ("by_name", "b1"),
        ("by_name", "x[1]"),
    ]


def test_a_device_of_another_kind_is_judged_anew_on_all_days(house: House) -> None:
    house = with_formulas(house, {"name": "p", "formula": "mean(v)", "kinds": ["meter"]})
    lake = LakeBuilder(house.paths)
    lake.land(registry(-60, {"a": {"kind": "pump"}}), said("a", 0, v=1))
    house.run()
    assert values(house) == []
    lake.land(registry(60, {"a": {"kind": "meter"}}))
    house.run()
    assert values(house) == [("p", 1.0)]


def test_of_several_formulas_of_one_name_the_first_that_gives_a_value_holds(house: House) -> None:
    house = with_formulas(
        house,
        {"name": "p", "formula": "mean(watts)", "resolutions": ["1d"]},
        {"name": "p", "formula": "mean(v) * mean(i)", "resolutions": ["1d"]},
    )
    LakeBuilder(house.paths).land(said("a", 0, v=2, i=3, watts=7), said("b", 0, v=2, i=3))
    house.run()
    assert values(house) == [("p", 6.0), ("p", 7.0)]


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("mean(v) / (n(v) - n(v))", None),
        ("ln(0 - mean(v))", None),
        ("log10(mean(v) * 0)", None),
        ("sqrt(-mean(v))", None),
        ("pow(-mean(v), 0.5)", None),
        ("exp(mean(v) * 1000)", None),
        ("min(mean(v), sqrt(-1))", None),
        ("max(mean(v), ln(0), 5)", None),
        ("where(ln(0) > 1, 1, mean(v))", None),
        ("where(mean(v) > 0, 5, ln(0))", 5.0),
        ("where(mean(v) > 0 and not mean(v) >= 3 or n(v) == 7, 1, 2)", 2.0),
        ("min(mean(v), 7, 4) + max(1, 2)", 6.0),
        ("first(v) + 10 * last(v) + 100 * delta(v) + sum(v)", 265.0),
        ("increase(w)", 2.0),
        ("delta(w)", -7.0),
        ("hours(v)", 1.0),
        ("hours(w)", 2 / 60),
        ("abs(-round(2.5)) + floor(-1.5) + ceil(1.2)", 3.0),
        ("bucket_hours * pi * 0 + n(v) ** 2", 9.0),
        ('mean("odd \' } {0} \\" name")', 8.0),
    ],
)
def test_what_formulas_give(house: House, formula: str, value: float | None) -> None:
    used = formula if "(" in formula and re.search(r'\((v|w|")', formula) else f"{formula} + mean(v) * 0"
    house = with_formulas(house, {"name": "p", "formula": used, "resolutions": ["1h"]})
    odd: Any = {"odd ' } {0} \" name": 8}
    LakeBuilder(house.paths).land(
        said("a", 0, v=3, w=9, **odd), said("a", 1800, v=4), said("a", 3599, v=5), said("a", 60, received=3600, w=2)
    )
    house.run()
    assert [v for _, v in values(house, "1h")] == ([] if value is None else [pytest.approx(value)])


def rows_of_builtin(tmp_path: Path, use: str, readings: Sequence[Message], **declared: Any) -> list[float]:
    house = with_formulas(house_in(tmp_path), {"use": use, "resolutions": ["1d"], **declared})
    LakeBuilder(house.paths).land(*readings)
    house.run()
    return [value for _, value in values(house)]


@pytest.mark.parametrize(
    ("fahrenheit", "humidity", "index"),
    [
        # The National Weather Service's chart, whole degrees Fahrenheit.
        (80, 40, 80), (84, 70, 90), (86, 90, 105), (88, 75, 103), (90, 60, 100), (90, 85, 117),
        (92, 50, 99), (94, 65, 114), (96, 65, 121), (98, 50, 113), (100, 60, 129), (104, 55, 137), (106, 40, 124),
        (110, 40, 136),
    ],
)  # fmt: skip
def test_the_heat_index_is_that_of_the_weather_service(
    tmp_path: Path, fahrenheit: int, humidity: int, index: int
) -> None:
    reading = said("a", 0, temperature=(fahrenheit - 32) / 1.8, humidity=humidity)
    (found,) = rows_of_builtin(tmp_path, "heat_index", [reading])
    assert round(found * 1.8 + 32) == pytest.approx(index, abs=1)


@pytest.mark.parametrize(
    ("celsius", "humidity", "index"),
    [(30, 90, 40.774647), ((90 - 32) / 1.8, 90, (121.901204 - 32) / 1.8)],
)
def test_the_heat_index_is_that_which_metpy_documents(
    tmp_path: Path, celsius: float, humidity: float, index: float
) -> None:
    (found,) = rows_of_builtin(tmp_path, "heat_index", [said("a", 0, temperature=celsius, humidity=humidity)])
    assert found == pytest.approx(index, abs=1e-6)


def test_the_heat_index_of_cool_air_is_the_simple_one(tmp_path: Path) -> None:
    (found,) = rows_of_builtin(tmp_path, "heat_index", [said("a", 0, temperature=(60 - 32) / 1.8, humidity=90)])
    assert found * 1.8 + 32 == pytest.approx((0.5 * (60 + 61 - 8 * 1.2 + 90 * 0.094) + 60) / 2)


def test_the_heat_index_of_very_dry_air_is_lowered(tmp_path: Path) -> None:
    (found,) = rows_of_builtin(tmp_path, "heat_index", [said("a", 0, temperature=35, humidity=5)])
    t, rh = 95.0, 5.0
    fitted = -42.379 + 2.04901523 * t + 10.14333127 * rh - 0.22475541 * t * rh - 0.00683783 * t * t
    fitted += -0.05481717 * rh * rh + 0.00122874 * t * t * rh + 0.00085282 * t * rh * rh - 0.00000199 * t * t * rh * rh
    assert found * 1.8 + 32 == pytest.approx(fitted - (13 - 5) / 4 * 1.0)


@pytest.mark.parametrize(
    ("temperature", "humidity", "dew"), [(20, 100, 20.0), (20, 50, 9.3), (30, 50, 18.4), (0, 80, -3.0)]
)
def test_the_dew_point_is_that_of_the_tables(tmp_path: Path, temperature: float, humidity: float, dew: float) -> None:
    (found,) = rows_of_builtin(tmp_path, "dew_point", [said("a", 0, temperature=temperature, humidity=humidity)])
    assert found == pytest.approx(dew, abs=0.06)


def test_air_without_any_humidity_has_no_dew_point(tmp_path: Path) -> None:
    assert rows_of_builtin(tmp_path, "dew_point", [said("a", 0, temperature=20, humidity=0)]) == []


def test_a_summer_day_between_70_and_90_has_15_cooling_degree_days_and_no_heating(tmp_path: Path) -> None:
    day = [said("a", -3600, temperature=70), said("a", 0, temperature=90)]
    assert rows_of_builtin(tmp_path / "c", "cooling_degree_days", day, given={"base": 65}) == [15.0]
    assert rows_of_builtin(tmp_path / "h", "heating_degree_days", day, given={"base": 65}) == [0.0]


def test_a_winter_day_between_35_and_55_has_20_heating_degree_days(tmp_path: Path) -> None:
    day = [said("a", -3600, temperature=35), said("a", 0, temperature=55)]
    assert rows_of_builtin(tmp_path, "heating_degree_days", day, given={"base": 65}) == [20.0]


def test_energy_counts_the_hours_that_readings_cover(tmp_path: Path) -> None:
    quarters = [said("a", 900 * n, Power=100) for n in range(8)]
    assert rows_of_builtin(tmp_path / "two hours", "energy_from_power", quarters) == [200.0]
    assert rows_of_builtin(tmp_path / "one reading", "energy_from_power", quarters[:1]) == []


def test_availability_is_the_share_of_the_bucket_with_readings(tmp_path: Path) -> None:
    readings = [said("a", n, level=1) for n in range(0, 3600, 60)]
    found = rows_of_builtin(tmp_path, "availability", readings, inputs={"metric": "level"})
    assert found == [pytest.approx(100 / 24)]


@pytest.mark.parametrize("use", LIBRARY)
def test_every_formula_of_the_library_says_what_it_is_and_can_be_made(use: str) -> None:
    made = Formula(use=use).ready()
    assert made.description
    assert made.unit
