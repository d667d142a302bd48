"""Shapes of messages on the command line: which there are, since when, with an example."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from iot_assets.cli.schemas import schemas
from iot_assets.serving.published import QuestionError
from iot_assets_tests.lake_builder import LakeBuilder, Message, at, said

if TYPE_CHECKING:
    from iot_assets_tests.house import House


def run(*arguments: str) -> list[str]:
    result = CliRunner().invoke(schemas, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def fill(house: House) -> None:
    """Two shapes of one route over two days, and one of another."""
    odd = Message(
        received_at=at(5), topic="telemetry/x", payload=b'{"device_id":"x","temperature":1,"note":"\xc3\xa4"}'
    )
    LakeBuilder(house.paths).land(said("a", 0, t=1), said("b", 1, t=1, h="on"), said("a", 86_400, t=1), odd)
    house.run()


def test_each_shape_is_told_with_its_metrics_and_an_example(published: House) -> None:
    lines = run()
    assert lines[0].split()[:5] == ["route", "shape", "metrics", "messages", "since"]
    assert len(lines) == 4
    assert "h (text)" in lines[2]
    assert "devices/b/up" in lines[2]


def test_as_json_a_shape_is_one_object_over_all_days(published: House) -> None:
    first, second, third = (json.loads(line) for line in run("--json"))
    assert (first["route"], first["numbers"], first["texts"], first["messages"]) == ("devices/{device}/#", ["t"], [], 2)
    assert (first["since_at"], first["last_seen_at"]) == (str(at(0)), str(at(86_400)))
    assert json.loads(second["example_payload"])["h"] == "on"
    assert third["example_payload"].endswith('"note":"ä"}')


def test_routes_are_chosen_with_wildcards(published: House) -> None:
    assert len(run("--json", "--route", "telemetry*")) == 1
    assert run("--route", "nothing") == ["no message has been read yet"]


def test_before_the_first_publication_it_says_so(at_home: House) -> None:
    with pytest.raises(QuestionError, match="does not exist yet"):
        CliRunner().invoke(schemas, [], catch_exceptions=False)
