"""try-route shows which route a message, or a log of them, takes and what comes out; routes lists them all."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from iot_assets.cli.main import root
from iot_assets.decoders.routes import DEFAULT_ROUTES

ROOF = '{"sensor_id":"Roof","type":"humidity","value":61.5,"unit":"percent","timestamp":"2025-11-12T09:43:20+01:00"}'
LOG = b"""sensors/Roof {"sensor_id":"Roof","type":"humidity","value":61.5}
sensors/Roof {"sensor_id":"Roof","type":"humidity"}
zigbee2mqtt/kitchen/availability {"state":"online"}
foo/7/temp 21.5
foo/8/temp 21.5
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, given: bytes | None = None, code: int = 0) -> str:
    result = CliRunner().invoke(root, arguments, input=given)
    assert result.exit_code == code, result.output
    return result.output


def objects(*arguments: str, given: bytes | None = None) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(*arguments, "--json", given=given).splitlines()]


def test_a_reading_is_an_object_with_what_it_says() -> None:
    (found,) = objects("try-route", "sensors/Roof", "--payload", ROOF)
    assert "stale" in found.pop("flags")
    assert found == {
        "device_id": "Roof",
        "metric": "humidity",
        "event_at": "2025-11-12T08:43:20+00:00",
        "value": 61.5,
        "value_text": None,
        "unit": "%",
        "quality": "good",
    }


def test_people_see_the_route_and_a_table() -> None:
    text = run("try-route", "sensors/Roof", "--payload", ROOF)
    assert "route sensors/{name}, convention sensor_value" in text
    assert text.splitlines()[2].split()[:3] == ["device_id", "metric", "event_at"]
    assert "2025-11-12T08:43:20Z" in text


@pytest.mark.parametrize("how", ["file", "-", "stdin", "hex"])
def test_the_payload_may_come_from_a_file_or_from_stdin(how: str, tmp_path: Path) -> None:
    (tmp_path / "payload").write_text(ROOF)
    arguments, given = {
        "file": (["payload"], None),
        "-": (["-"], ROOF.encode()),
        "stdin": ([], ROOF.encode()),
        "hex": (["-", "--hex"], ROOF.encode().hex().encode()),
    }[how]
    assert objects("try-route", "sensors/Roof", *arguments, given=given)[0]["value"] == 61.5


@pytest.mark.parametrize(
    ("flag", "quality"), [("out_of_range", "bad"), ("zone_assumed", "good"), ("clock_suspect", "bad")]
)
def test_the_quality_follows_from_the_flags(flag: str, quality: str) -> None:
    when = {"zone_assumed": "2025-11-12T09:43:20", "clock_suspect": "1970-01-01T00:00:00Z"}
    body = {"device_id": "s", "timestamp": when.get(flag, "2025-11-12T09:43:20Z"), "temperature": 999}
    body["temperature"] = 999 if flag == "out_of_range" else 20
    (found,) = objects("try-route", "telemetry/s", "--payload", json.dumps(body))
    assert flag in found["flags"]
    assert found["quality"] == quality


def test_a_reject_says_its_reason() -> None:
    (found,) = objects("try-route", "sensors/Roof", "--payload", "{")
    assert found["reason"] == "malformed_json"
    assert "detail" in found
    assert "rejected, malformed_json: the payload is not JSON" in run("try-route", "sensors/Roof", "--payload", "{")


def test_a_part_that_is_rejected_stands_beside_the_readings() -> None:
    body = '{"device_id":"s","temperature":20,"humidity":1e999}'
    found = objects("try-route", "telemetry/s", "--payload", body)
    assert [row.get("metric") or row["reason"] for row in found] == ["temperature", "bad_value"]


def test_what_is_no_telemetry_is_said_to_be_none() -> None:
    message = ["try-route", "zigbee2mqtt/kitchen/availability", "--payload", '{"state":"online"}']
    assert objects(*message) == [{"outcome": "not_telemetry", "announcements": []}]
    assert "not_telemetry: known and understood" in run(*message)


def test_without_a_route_one_is_suggested_and_works_once_pasted(tmp_path: Path) -> None:
    message = ["try-route", "foo/7/temp", "--payload", "21.5"]
    text = run(*message)
    assert "rejected, no_route" in text
    (found,) = objects(*message)
    assert found["suggestion"] in text
    assert tomllib.loads(found["suggestion"])["routes"] == [
        {"topic": "foo/{device}/{metric}", "convention": "bare_value"}
    ]
    (tmp_path / "iot.toml").write_text(found["suggestion"])
    assert [(row["device_id"], row["metric"], row["value"]) for row in objects(*message)] == [("7", "temp", 21.5)]


def test_a_log_is_summed_up_by_topic(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(LOG)
    text = run("try-route", "--log", "log")
    lines = {line.split()[0]: line.split() for line in text.splitlines() if line}
    assert lines["sensors/Roof"][1:8] == ["sensors/{name}", "sensor_value", "2", "1", "0", "0", "1"]
    assert "1 x missing_value" in text
    assert lines["zigbee2mqtt/kitchen/availability"][3:7] == ["1", "0", "1", "0"]
    assert text.count("[[routes]]") == 1, "both topics without a route are given the same one"


def test_a_log_gives_objects_with_their_topics() -> None:
    found = objects("try-route", "--log", "-", given=LOG)
    assert [(row["topic"], row.get("metric") or row.get("reason") or row["outcome"]) for row in found] == [
        ("sensors/Roof", "humidity"),
        ("sensors/Roof", "missing_value"),
        ("zigbee2mqtt/kitchen/availability", "not_telemetry"),
        ("foo/7/temp", "no_route"),
        ("foo/8/temp", "no_route"),
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "give a TOPIC"),
        (["a", "--log", "-"], 2, "give a TOPIC"),
        (["a", "-", "--payload", "1"], 2, "not both"),
        (["a", "--payload", "xyz", "--hex"], 2, "not hexadecimal"),
        (["--log", "-", "--hex"], 1, "line 1"),
    ],
)
def test_what_is_asked_wrongly_is_said_in_a_sentence(arguments: list[str], code: int, words: str) -> None:
    assert words in run("try-route", *arguments, given=b"a xyz\n", code=code)


def test_an_empty_log_is_no_fault() -> None:
    assert run("try-route", "--log", "-", given=b"").strip() == "no messages"


def test_routes_are_listed_in_their_order_yours_first(tmp_path: Path) -> None:
    (tmp_path / "iot.toml").write_text(
        '[[routes]]\ntopic = "mine/{device}"\nconvention = "sensor_value"\n'
        'options = { strings = "number", timezone = "Europe/Zurich" }\n'
    )
    found = objects("routes")
    assert [row["topic"] for row in found] == ["mine/{device}", *(route.topic for route in DEFAULT_ROUTES)]
    assert found[0] == {
        "topic": "mine/{device}",
        "content_type": None,
        "convention": "sensor_value",
        "options": {"timezone": "Europe/Zurich"},
        "from": "settings",
        "description": found[1]["description"],
    }
    lines = run("routes").splitlines()
    assert lines[1].split()[:4] == ["mine/{device}", "sensor_value", "{", "timezone"]
    assert len(lines) == len(found) + 1
