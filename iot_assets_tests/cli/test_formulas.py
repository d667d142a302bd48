"""Formulas on the command line: which are in force, and what a new one would give."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from iot_assets.cli.formulas import formulas
from iot_assets.formulas.library import LIBRARY
from iot_assets.serving.published import QuestionError
from iot_assets_tests.lake_builder import LakeBuilder, Message, at, registry, said

if TYPE_CHECKING:
    from iot_assets_tests.house import House

POWER = "mean(Voltage) * mean(Current)"


def run(*arguments: str) -> list[str]:
    result = CliRunner().invoke(formulas, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def objects(*arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(*arguments, "--json")]


def fill(house: House) -> None:
    """Three days: of both, of voltage alone, of a current that is out of range; and a device that has no current."""
    lines = b"1762948800 Voltage 1.34\n1762948801 Voltage 1.35\n1762948800 Current 12\n1762948801 Current 14\n"
    limits = registry(-60, {"data": {"metrics": {"Current": {"unit": "A", "max": 100}, "Voltage": {"unit": "V"}}}})
    LakeBuilder(house.paths).land(
        limits,
        Message(received_at=at(86_405), topic="/data", payload=lines + b"1763035200 Voltage 1.5\n"),
        Message(received_at=at(86_406), topic="/data", payload=b"1762862400 Voltage 1.5\n1762862400 Current 999\n"),
        said("meter", 0, Voltage=230),
    )
    house.run()


def test_what_a_formula_gives_is_shown_with_the_unit_that_follows(published: House) -> None:
    (row,) = [row for row in objects("try", POWER) if "value" in row]
    assert row == {
        "device_id": "data",
        "bucket_at": "2025-11-12 00:00:00+00:00",
        "value": pytest.approx(17.485),
        "n": 2,
        "unit": "W",
    }


def test_where_nothing_comes_out_it_says_what_is_missing(published: House) -> None:
    lines = run("try", POWER)
    at_end = lines[lines.index("nothing comes out where:") + 1 :]
    assert [line.split()[:2] for line in at_end] == [
        ["device_id", "buckets"],
        ["data", "1"],
        ["data", "1"],
        ["meter", "1"],
    ]
    assert [line.strip().split("  ")[-1] for line in at_end[1:]] == [
        "all readings of Current are excluded",
        "no Current",
        "no Current",
    ]
    assert "it gives no number" in run("try", "ln(0) * mean(Voltage)", "--device", "meter")[-1]


def test_a_metric_that_nobody_has_sent_is_named_with_one_that_is_like_it(published: House) -> None:
    lines = run("try", "mean(Volts)")
    assert lines[0] == "it gives nothing"
    assert lines[-1] == "no device has sent Volts; did you mean Voltage?"


def test_of_very_many_devices_without_an_input_some_are_shown_and_the_rest_counted(published: House) -> None:
    lines = run("try", POWER, "--limit", "1")
    assert lines[-1].startswith("… and 2 more lines")
    assert len([row for row in objects("try", POWER, "--limit", "1") if "missing" in row]) == 3


def test_devices_and_time_are_chosen(published: House) -> None:
    chosen = objects(
        "try", "max(Voltage)", "--resolution", "1h", "--device", "d*", "--from", "2025-11-12", "--to", "2025-11-13"
    )
    assert [(row["device_id"], row["value"]) for row in chosen] == [("data", 1.35)]
    assert len(objects("try", "max(Voltage)", "--limit", "2")) == 2


def test_units_that_contradict_are_a_remark(published: House) -> None:
    assert run("try", "mean(Voltage) + mean(Current)")[-1] == "as to units: position 1: adds V and A"


def test_a_wrong_formula_is_refused_with_what_is_wrong_and_where(published: House) -> None:
    result = CliRunner().invoke(formulas, ["try", "men(Voltage)"])
    assert result.exit_code == 1
    assert (
        "the formula is wrong: position 1: men(Voltage) men is no function or statistic; did you mean mean?"
        in result.output
    )


def test_those_in_force_are_listed_with_what_they_have_given(published: House) -> None:
    (power,) = objects("list")
    assert power == {
        "name": "Power",
        "by": "1d",
        "unit": "W",
        "for": "all",
        "devices": 1,
        "rows": 1,
        "newest": "2025-11-12 00:00:00+00:00",
        "formula": POWER,
    }


def test_before_the_first_publication_formulas_are_listed_and_trying_one_is_refused(at_home: House) -> None:
    assert objects("list")[0]["rows"] == 0
    with pytest.raises(QuestionError, match="does not exist yet"):
        CliRunner().invoke(formulas, ["try", POWER], catch_exceptions=False)


def test_the_library_is_listed(at_home: House) -> None:
    assert [row["use"] for row in objects("list", "--library")] == list(LIBRARY)
