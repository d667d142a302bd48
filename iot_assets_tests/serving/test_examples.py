"""The ready questions: each is answered, in Python and by DuckDB's own program; figures are those of a plain pass."""

from __future__ import annotations

import csv
import io
import statistics
import subprocess
from itertools import pairwise
from typing import Any

import pytest
from click.testing import CliRunner

from iot_assets.cli.main import root
from iot_assets.cli.shell import find_duckdb
from iot_assets.serving.examples import answers, example, examples
from iot_assets.serving.published import QuestionError
from iot_assets.serving.query import answer
from iot_assets_tests.house import House, house_in
from iot_assets_tests.serving.asked_world import HURRIED, MINUTES, SILENT, instant, meter, publish_world, temperature

NAMES = list(examples())
#: One series.
A: dict[str, Any] = {"device_id": "a", "metric": "temperature"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> House:
    house = house_in(tmp_path_factory.mktemp("asked") / "data")
    publish_world(house)
    return house


def asked(house: House, name: str, **only: Any) -> list[dict[str, Any]]:
    """The rows of an answer, those that have these values."""
    with answer(house.paths, example(name)) as relation:
        rows = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
    return [row for row in rows if all(row[key] == value for key, value in only.items())]


def test_there_are_thirty_and_each_says_what_it_answers() -> None:
    assert len(NAMES) >= 30
    for name, sql in examples().items():
        assert sql.startswith("-- "), name
        assert "?" in answers(sql), name


@pytest.mark.parametrize("name", NAMES)
def test_each_has_an_answer(world: House, name: str) -> None:
    assert asked(world, name), f"{name} has no rows"


@pytest.mark.parametrize("name", NAMES)
def test_each_has_the_same_answer_in_duckdbs_own_program(world: House, name: str) -> None:
    program = find_duckdb()
    assert program is not None
    command = [program, "-readonly", "-csv", "-cmd", "set TimeZone = 'UTC'", str(world.paths.serving)]
    done = subprocess.run([*command, "-c", examples()[name]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = list(csv.reader(io.StringIO(done.stdout)))
    with answer(world.paths, example(name)) as relation:
        assert rows[0] == relation.columns
        assert len(rows) - 1 == len(relation.fetchall())


@pytest.mark.parametrize("name", NAMES)
def test_each_is_asked_before_there_are_data_without_an_error(name: str, house: House) -> None:
    house.publish()
    if name != "wide_by_hour":  # a pivot of nothing has no columns
        assert asked(house, name) == []


def test_a_rate_is_right_for_two_readings_in_one_second(world: House) -> None:
    found = {row["event_at"]: row["per_second"] for row in asked(world, "rate_of_change", device_id="q")}
    for (before_at, before), (at, value) in pairwise(HURRIED):
        expected = (value - before) / (at - before_at)
        assert found.get(instant(at), 0.0) == pytest.approx(expected), at
    assert found[instant(10.75)] == pytest.approx(6.0)


def test_deviations_and_percentiles_are_those_of_the_readings_that_count(world: House) -> None:
    values = [21.5 if m == 7 else temperature(m) for m in range(MINUTES)]
    (row,) = asked(world, "peak_low_mean_deviation", **A)
    assert (row["readings"], row["peak"], row["low"]) == (MINUTES, max(values), min(values))
    assert row["mean"] == pytest.approx(statistics.fmean(values))
    assert row["deviation"] == pytest.approx(statistics.stdev(values), rel=1e-6)
    assert instant(300 * 60) - row["hour_of_peak"] < instant(3600) - instant(0)
    (row,) = asked(world, "percentiles", **A)
    assert row["median"] == pytest.approx(statistics.median([*values, -200.0]), abs=0.01)


def test_the_silence_of_a_device_is_a_gap_and_no_other_is_found(world: House) -> None:
    (row,) = asked(world, "gaps", device_id="b", metric="temperature")
    assert (row["from_at"], row["until_at"]) == (instant(60 * (SILENT.start - 1)), instant(60 * SILENT.stop))
    assert (row["interval_s"], row["missing"]) == (60.0, len(SILENT))
    assert asked(world, "gaps", **A) == []


def test_the_minute_that_is_far_out_is_an_outlier(world: House) -> None:
    assert [row["minute_at"] for row in asked(world, "outliers_by_z_score", **A)][:1] == [instant(300 * 60)]


def test_a_counter_that_starts_again_loses_nothing_of_what_it_counted_after(world: House) -> None:
    rows = asked(world, "counter_increase", metric="energy_total")
    values = [meter(m)["energy_total"] for m in range(MINUTES)]
    expected = sum(b - a if b >= a else b for a, b in pairwise(values))
    assert sum(row["increase"] for row in rows) == expected
    assert sum(row["restarts"] for row in rows) == 1


def test_the_pump_ran_a_third_of_the_time(world: House) -> None:
    rows = asked(world, "duty_cycle", metric="pump")
    on = sum(row["percent_on"] * row["hours_known"] for row in rows) / sum(row["hours_known"] for row in rows)
    expected = 100 * sum(meter(m)["pump"] for m in range(MINUTES - 1)) / (MINUTES - 1)
    assert on == pytest.approx(expected, abs=0.1)
    assert {row["metric"] for row in asked(world, "duty_cycle")} == {"pump"}


def test_minutes_without_a_reading_are_filled_with_the_one_before(world: House) -> None:
    rows = asked(world, "every_minute_filled", **A)
    assert len(rows) == 60
    assert all(row["filled"] == row["measured"] == temperature(MINUTES - 60 + n) for n, row in enumerate(rows))


def test_smoothing_goes_by_time_and_not_by_rows(world: House) -> None:
    rows = {row["minute_at"]: row for row in asked(world, "moving_average", device_id="b", metric="temperature")}
    assert rows[instant(60 * (SILENT.stop + 4))]["readings"] == 5
    assert rows[instant(60 * (SILENT.start - 1))]["readings"] == 15


def test_the_as_of_join_pairs_readings_and_leaves_out_what_is_too_old(world: House) -> None:
    rows = asked(world, "as_of_join")
    assert {(row["one_device"], row["other_device"]) for row in rows} == {("a", "b")}
    paired = {row["event_at"] for row in rows}
    assert instant(60 * (SILENT.stop - 5)) not in paired
    assert instant(60 * (SILENT.stop + 5)) in paired


def test_rooms_that_go_together_correlate(world: House) -> None:
    (row,) = asked(world, "correlation", one="a temperature", other="b temperature")
    assert row["r"] > 0.99


def test_degree_days_take_the_middle_of_the_extremes(world: House) -> None:
    for row in asked(world, "degree_days", device_id="a"):
        assert row["cooling_degree_days"] == pytest.approx(max(row["middle"] - 18, 0))
        assert row["heating_degree_days"] == pytest.approx(max(18 - row["middle"], 0))


def test_power_of_100_watts_for_26_hours_is_2_6_kilowatt_hours(world: House) -> None:
    assert sum(row["kwh"] for row in asked(world, "energy_by_day")) == pytest.approx(2.6, rel=1e-3)


def test_completeness_and_the_longest_stretch_tell_what_was_sent(world: House) -> None:
    received = sum(row["received"] for row in asked(world, "completeness", device_id="b", metric="temperature"))
    assert received == MINUTES - len(SILENT)
    assert asked(world, "longest_above", metric="temperature")[0]["minutes"] > 60


def test_neighbours_are_told_with_their_distance(world: House) -> None:
    (row,) = asked(world, "neighbours")
    assert (row["one"], row["other"], round(row["km"], 2)) == ("a", "b", 1.11)


def test_examples_are_listed_shown_and_asked_by_name(world: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOT_DATA_DIR", str(world.paths.root))

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(root, ["query", *arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    assert all(name in run("--list-examples") for name in NAMES)
    assert run("--example", "sensors", "--show").startswith("-- Which devices")
    assert len(run("--example", "sensors", "--format", "csv").splitlines()) == 1 + 5
    refused = CliRunner().invoke(root, ["query", "--example", "sensor"])
    assert isinstance(refused.exception, QuestionError)
    assert CliRunner().invoke(root, ["query"]).exit_code == 2
    assert CliRunner().invoke(root, ["query", "select 1", "--example", "sensors"]).exit_code == 2
