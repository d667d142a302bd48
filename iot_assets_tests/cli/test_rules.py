"""``iot-assets rules``: what is in force is listed, what is proposed is tried on the past and changes nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from iot_assets.cli.rules import rules
from iot_assets_tests.house import House, house_in
from iot_assets_tests.lake_builder import LakeBuilder, said

if TYPE_CHECKING:
    from pathlib import Path

PROPOSED = """\
[[rules]]
name = "hot"
kind = "range"
metrics = ["t*"]
high = 30
action = "quarantine"

[[rules]]
name = "silent"
kind = "gap"
metrics = ["*"]
for_s = 300
"""


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = house_in(tmp_path / "data")
    readings = [(0, 20), (60, 31), (120, 45), (600, 21)]
    LakeBuilder(house.paths).land(*(said(f"d{n}", s, t=v - n, other=99) for s, v in readings for n in (1, 20)))
    house.run()
    house.publish()
    (tmp_path / "iot.toml").write_text(
        f'data_dir = "{tmp_path / "data"}"\n[[rules]]\nname = "gap"\nkind = "gap"\nmetrics = ["*"]\nenabled = false\n'
        "for_s = 60\n"
    )
    (tmp_path / "proposed.toml").write_text(PROPOSED)
    return house


def test_proposed_rules_are_tried_on_the_past_and_nothing_is_written(house: House, tmp_path: Path) -> None:
    before = house.paths.serving.read_bytes()
    config = ["--config", str(tmp_path / "iot.toml"), "--from", "2025-11-12", "--to", "2025-11-13"]
    done = CliRunner().invoke(rules, ["try", "--rule", str(tmp_path / "proposed.toml"), *config, "--json"])
    assert done.exit_code == 0, done.output
    hot, silent = [json.loads(line) for line in done.output.splitlines()]
    assert (hot["readings"], hot["hits"], hot["devices"], hot["action"]) == (8, 1, 1, "quarantine")
    assert hot["moves_mean_by"] == pytest.approx(28.25 - (19 + 30 + 20) / 3)
    assert [(one["device_id"], one["value"], one["bound"]) for one in hot["worst"]] == [("d1", 44, 30)]
    assert (silent["readings"], silent["hits"], silent["devices"]) == (16, 4, 2)
    assert house.paths.serving.read_bytes() == before
    shown = CliRunner().invoke(rules, ["try", "--rule", str(tmp_path / "proposed.toml"), *config, "--device", "d2*"])
    assert "The worst" in shown.output
    assert "d1 " not in shown.output


def test_the_list_says_what_is_built_in_and_what_is_off(house: House, tmp_path: Path) -> None:
    done = CliRunner().invoke(rules, ["list", "--json", "--config", str(tmp_path / "iot.toml")])
    found = {row["rule"]: row for row in map(json.loads, done.output.splitlines())}
    assert (found["gap"]["action"], found["gap"]["from"]) == ("off", "settings")
    assert (found["temperature_sentinel"]["action"], found["temperature_sentinel"]["from"]) == ("exclude", "built in")


def test_a_wrong_proposal_is_refused_with_what_is_wrong(house: House, tmp_path: Path) -> None:
    (tmp_path / "proposed.toml").write_text('[[rules]]\nname = "x"\nkind = "spike"\nmetrics = ["t"]\n')
    config = ["--rule", str(tmp_path / "proposed.toml"), "--config", str(tmp_path / "iot.toml")]
    done = CliRunner().invoke(rules, ["try", *config])
    assert done.exit_code == 1
    assert "needs limit" in done.output
