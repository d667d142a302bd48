"""Quality on the command line: scores, hours, and what the points were lost for."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from iot_assets.cli.quality import quality
from iot_assets.sections.quality import Quality
from iot_assets.warehouse.quality import update
from iot_assets_tests.house import RUN
from iot_assets_tests.lake_builder import NOON, LakeBuilder, Message, at, registry, said

if TYPE_CHECKING:
    from iot_assets_tests.house import House

#: Noon of yesterday, in seconds after the lander's: hits of rules are published for recent weeks.
START = ((datetime.now(UTC).date() - NOON.date()).days - 1) * 86_400
DAY = f"{at(START):%Y-%m-%d}"


def sent(device: str, second: int, temperature: float = 20) -> Message:
    return said(device, START + second, received=START + second, temperature=temperature)


def run(*arguments: str) -> list[str]:
    result = CliRunner().invoke(quality, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def fill(house: House) -> None:
    """Two hours of two devices; b misses readings, repeats one, sends a sentinel and a message that nobody reads."""
    whole = [sent("a", s) for s in range(0, 7200, 60)]
    holes = [
        sent("b", s, -200 if s == 600 else 31 if s == 660 else 20) for s in range(0, 7200, 60) if not 900 < s < 2000
    ]
    broken = Message(received_at=at(START + 100), topic="devices/b/up", payload=b"{")
    limits = registry(START - 60, {"b": {"metrics": {"temperature": {"max": 30}}}})
    LakeBuilder(house.paths).land(limits, *whole, *holes, holes[0], broken)
    house.run()
    with house.open() as connection:
        update(connection, Quality(lag_minutes=0), at(START + 7200), run_id=RUN)


@pytest.mark.usefixtures("published")
def test_scores_of_the_newest_day_go_from_the_fleet_to_the_worst_devices() -> None:
    lines = run()
    assert lines[0].split()[:6] == ["day", "scope", "name", "devices", "score", "band"]
    assert [line.split()[1] for line in lines[1:]] == ["fleet", "route", "device", "device"]
    assert [line.split()[2] for line in lines[3:]] == ["b", "a"]
    only = [json.loads(line) for line in run("scores", "--scope", "device", "--band", "good", "--json")]
    assert [(row["name"], row["score"]) for row in only] == [("a", 100.0)]


@pytest.mark.usefixtures("published")
def test_hours_can_be_chosen_by_their_band() -> None:
    (only,) = (json.loads(line) for line in run("hours", "--day", DAY, "--band", "poor", "--json"))
    assert (only["device_id"], only["expected"], only["received"], only["duplicates"]) == ("b", 60, 42, 1)
    assert len(run("hours", "--day", DAY)) == 1 + 4


@pytest.mark.usefixtures("published")
def test_why_lists_everything_that_points_were_lost_for() -> None:
    found = [json.loads(line) for line in run("why", "b", "--day", DAY, "--json")]
    assert {(row["what"], row["detail"].split(",")[0]) for row in found} >= {
        ("missing", "18 of 60 readings"),
        ("duplicates", "1 readings said again"),
        ("rule temperature_sentinel", "value -200.0"),
        ("flag out_of_range", "value 31.0"),
    }
    assert [row["message_id"] is not None for row in found if row["what"] == "rejected"] == [True]
    assert run("why", "a", "--day", DAY) == ["a lost no points that day"]
