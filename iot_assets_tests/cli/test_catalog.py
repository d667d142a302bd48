"""The catalog on the command line: which devices and metrics there are, and what is known of them."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from iot_assets.cli.catalog import catalog
from iot_assets_tests.lake_builder import LakeBuilder, at, registry, said

if TYPE_CHECKING:
    from iot_assets_tests.house import House


def fill(house: House) -> None:
    """A boiler of the registry with two metrics, one declared that never came, a pump never heard, and a stranger."""
    declared: dict[str, dict[str, object]] = {
        "boiler": {
            "kind": "heater",
            "site": "north",
            "metrics": {"t": {"unit": "Cel", "max": 90, "description": "Flow"}, "p": {"unit": "bar"}},
        },
        "pump": {"kind": "pump", "site": "south"},
    }
    LakeBuilder(house.paths).land(
        registry(0, declared), said("boiler", 1, t=60, mode="on"), said("boiler", 61, t=61.5), said("stranger", 2, t=1)
    )
    house.run()


def run(*arguments: str) -> str:
    result = CliRunner().invoke(catalog, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def found(*arguments: str) -> dict[tuple[str, str | None], dict[str, Any]]:
    rows = [json.loads(line) for line in run("--format", "json", *arguments).splitlines()]
    return {(row["device_id"], row["metric"]): row for row in rows}


@pytest.mark.usefixtures("published")
def test_every_device_and_metric_is_listed_once_heard_or_declared() -> None:
    assert list(found()) == [
        ("boiler", "mode"),
        ("boiler", "p"),
        ("boiler", "t"),
        ("pump", None),
        ("stranger", "t"),
    ]


@pytest.mark.usefixtures("published")
def test_what_is_known_of_a_metric_is_told() -> None:
    row = found()["boiler", "t"]
    assert {name: row[name] for name in ("kind", "site", "unit", "description", "greatest")} == {
        "kind": "heater",
        "site": "north",
        "unit": "Cel",
        "description": "Flow",
        "greatest": 90,
    }
    assert (row["last_value"], row["readings"], row["days"]) == (61.5, 2, 1)
    assert (row["since_at"], row["last_at"]) == (str(at(1)), str(at(61)))
    assert found()["boiler", "mode"]["last_text"] == "on"
    assert found()["boiler", "p"]["readings"] == 0


@pytest.mark.usefixtures("published")
def test_names_may_be_patterns() -> None:
    assert set(found("--device", "b*", "--metric", "?")) == {("boiler", "p"), ("boiler", "t")}
    assert set(found("--site", "south")) == {("pump", None)}
    assert found("--kind", "robot") == {}
    assert run("--kind", "robot") == "there is no such device or metric\n"


@pytest.mark.usefixtures("published")
def test_people_see_a_table_and_spreadsheets_get_csv() -> None:
    assert "61.5" in next(line for line in run().splitlines() if line.startswith("boiler") and " t " in line)
    rows = list(csv.DictReader(run("--format", "csv").splitlines()))
    assert [row["device_id"] for row in rows if row["metric"] == "t"] == ["boiler", "stranger"]
