"""Rejects on the command line: what is wrong, where, and the bytes; and the way back after a fix."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from click.testing import CliRunner

from iot_assets.cli.rejects import rejects
from iot_assets.serving.published import QuestionError
from iot_assets_tests.lake_builder import LakeBuilder, Message, at, said

if TYPE_CHECKING:
    from iot_assets_tests.house import House

LONG: Final = b'{"t": ' + b"1" * 1000
ODD: Final = b"\xff\xfe\nsecond line"


def run(*arguments: str) -> list[str]:
    result = CliRunner().invoke(rejects, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def objects(*arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(*arguments)]


def fill(house: House) -> None:
    """A good message and five that are rejected, published."""
    LakeBuilder(house.paths).land(
        said("a", 0, t=1),
        Message(received_at=at(1), topic="devices/a/up", payload=LONG),
        Message(received_at=at(2), topic="devices/a/up", payload=ODD),
        Message(received_at=at(3), topic="devices/b/up", payload=b""),
        Message(received_at=at(4), topic="strange/x", payload=b'{"ts": "2025-11-12T12:00:00Z", "t": 1}'),
        Message(received_at=at(5), topic="strange/y", payload=b'{"ts": "2025-11-12T12:00:01Z", "t": 2}', source="http"),
    )
    house.run()


def test_groups_by_reason_and_topic_most_first(published: House) -> None:
    lines = run("list")
    assert lines[0].split()[:4] == ["reason", "topic", "decoder", "rejects"]
    assert len(lines) == 6
    found = objects("list", "--json")
    assert [(g["reason"], g["topic"], g["rejects"]) for g in found] == [
        ("empty_payload", "devices/b/up", 1),
        ("malformed_json", "devices/a/up", 1),
        ("no_route", "strange/x", 1),
        ("no_route", "strange/y", 1),
        ("not_utf8", "devices/a/up", 1),
    ]
    LakeBuilder(published.paths, start_ms=1_770_000_000_000).land(
        Message(received_at=at(6), topic="strange/y", payload=b"")
    )
    published.run()
    published.publish()
    assert next((g["topic"], g["rejects"]) for g in objects("list", "--json")) == ("strange/y", 2)


@pytest.mark.parametrize(
    ("options", "seconds"),
    [
        ([], [5, 4, 3, 2, 1]),
        (["--limit", "2"], [5, 4]),
        (["--reason", "no_route"], [5, 4]),
        (["--topic", "strange/*"], [5, 4]),
        (["--topic", "devices/?/up"], [3, 2, 1]),
        (["--source", "http"], [5]),
        (["--from", "2025-11-12T12:00:04"], [5, 4]),
        (["--to", "2025-11-12T12:00:02"], [1]),
        (["--from", "2025-11-13"], []),
    ],
    ids=str,
)
def test_filters_choose_and_the_newest_come_first(published: House, options: list[str], seconds: list[int]) -> None:
    found = objects("show", "--json", *options)
    assert [row["received_at"] for row in found] == [str(at(s)) for s in seconds]


def test_one_is_shown_by_its_id_with_its_payload_for_people_shortened(published: House) -> None:
    (row,) = objects("show", "--json", "--reason", "malformed_json")
    assert row["payload"] == LONG.decode()
    text = "\n".join(run("show", "--id", row["message_id"]))
    assert f"{len(LONG)} bytes in all" in text
    assert "devices/a/up" in text
    assert LONG.decode() not in text
    (odd,) = objects("show", "--json", "--reason", "not_utf8")
    assert "payload" not in odd
    assert base64.b64decode(odd["payload_base64"]) == ODD
    assert "\\xff\\xfe" in "\n".join(run("show", "--reason", "not_utf8"))


def test_an_export_holds_every_byte(published: House, tmp_path: Path) -> None:
    assert run("export", "out.jsonl") == ["wrote 5 rejects to out.jsonl"]
    rows = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    payloads = {base64.b64decode(r["payload_base64"]) if "payload_base64" in r else r["payload"].encode() for r in rows}
    assert {LONG, ODD, b""} < payloads
    assert all(row["reason"] and row["attempts"] == 1 for row in rows)
    assert run("export", "one.jsonl", "--source", "http") == ["wrote 1 rejects to one.jsonl"]


def test_without_any_it_says_so(at_home: House) -> None:
    at_home.publish()
    assert run("list") == ["no rejects"]
    assert run("show") == ["no rejects"]
    assert run("show", "--json") == []
    assert run("list", "--json") == []


def test_a_reason_that_is_none_names_those_there_are(published: House) -> None:
    result = CliRunner().invoke(rejects, ["list", "--reason", "no_rout"])
    assert result.exit_code == 2
    assert "no_route" in result.output


def test_before_the_first_publication_the_answer_says_when_there_will_be_one(at_home: House) -> None:
    with pytest.raises(QuestionError, match="does not exist yet"):
        run("list")


def command(*arguments: str, **variables: str) -> str:
    """Run the real program; what it said."""
    done = subprocess.run(
        [sys.executable, "-c", "from iot_assets.cli.main import main; main()", *arguments],
        env={**os.environ, **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_after_a_fix_the_real_command_replays_what_is_chosen_publishes_it_and_says_what_came_of_it(
    published: House,
) -> None:
    route = {"topic": "strange/{device}", "convention": "flat_json", "options": {"device": "{device}"}}
    fix = {"IOT_ROUTES": json.dumps([route])}
    told = command("replay", "--topic", "strange/*", "--from", "2025-11-12", **fix)
    assert "replayed 2 rejects: 2 are none any more, 2 readings added" in told
    assert [g["reason"] for g in objects("list", "--json")] == ["empty_payload", "malformed_json", "not_utf8"]
    assert published.ask("select device_id, value from gold.latest order by all") == [
        ("a", 1.0),
        ("x", 1.0),
        ("y", 2.0),
    ]
    told = command("replay", **fix)
    assert "replayed 3 rejects: 0 are none any more, 0 readings added" in told
    assert {row["attempts"] for row in objects("show", "--json")} == {2}
    assert published.ask("select count(*) from silver.readings") == [(3,)]
    assert "iot.duckdb went from" in command("compact")
    assert published.ask("select count(*) from silver.readings") == [(3,)]
