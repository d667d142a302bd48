"""Schema drift: every shape of message is recorded once, what changes is told for a while, and it is never a fault."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from iot_assets.assets.silver import replay_rejects
from iot_assets.settings import Route
from iot_assets.warehouse import drift
from iot_assets.warehouse.replay import Choice
from iot_assets_tests.house import RUN, House, house_in
from iot_assets_tests.lake_builder import LakeBuilder, Message, at, said

DAY: Final = 86_400
SAMPLE: Final = Path(__file__).parents[3] / "shared" / "samples" / "telemetry_v1_v2.jsonl"
SHAPES: Final = "select numbers, texts, messages from silver.schema_versions order by first_seen_at, shape"


def telemetry(seconds: float, **fields: object) -> Message:
    """Telemetry in version 1, or with ``location`` in version 2."""
    body = {"timestamp": at(seconds).isoformat(), "device_id": "device_001", **fields}
    return Message(received_at=at(seconds), topic="telemetry/device_001", payload=json.dumps(body).encode())


def changes(house: House, seconds: float, *, learn: float = 3600, warn: float = DAY) -> list[dict[str, Any]]:
    with house.open() as connection:
        return drift.changes(connection, now=at(seconds), learn=timedelta(seconds=learn), warn=timedelta(seconds=warn))


def told(house: House, seconds: float, **how: float) -> list[tuple[str, str]]:
    return [(change["change"], change["what"]) for change in changes(house, seconds, **how)]


def test_version_2_of_telemetry_is_a_new_shape_that_is_told_for_a_while(house: House) -> None:
    first = {"temperature": 20, "humidity": 30}
    LakeBuilder(house.paths).land(
        *(telemetry(hour * 3600, **first) for hour in range(5)),
        telemetry(5 * 3600, **first, location={"lat": 1, "lon": 2}),
        telemetry(6 * 3600, **first),
    )
    house.run()
    assert house.ask(SHAPES) == [
        (["humidity", "temperature"], [], 6),
        (["humidity", "location.lat", "location.lon", "temperature"], [], 1),
    ]
    (change,) = changes(house, 7 * 3600)
    assert change["changed_at"] == at(5 * 3600)
    assert (change["change"], change["what"]) == ("new shape", "new: location.lat, location.lon")
    assert (change["example_topic"], change["route"]) == ("telemetry/device_001", "telemetry/#")
    assert told(house, 5 * 3600 + DAY - 1) == [("new shape", "new: location.lat, location.lon")]
    assert told(house, 5 * 3600 + DAY) == []


def test_what_a_route_sends_at_first_is_no_change(house: House) -> None:
    LakeBuilder(house.paths).land(said("a", 0, t=1), said("a", 3600, h=1), said("b", 3601, p=1))
    house.run()
    assert told(house, 3700) == [("new shape", "new: p")]
    assert told(house, 3700, learn=3601) == []
    assert told(house, 3700, learn=0) == [("new shape", "new: p"), ("new shape", "new: h")]


def test_metrics_that_come_together_for_the_first_time_are_told(house: House) -> None:
    LakeBuilder(house.paths).land(said("a", 0, t=1), said("b", 1, h=1), said("a", DAY, t=1, h=1))
    house.run()
    assert told(house, DAY) == [("new shape", "known metrics together for the first time: h, t")]


def test_a_number_that_becomes_a_text_is_a_changed_type(house: House) -> None:
    LakeBuilder(house.paths).land(said("a", 0, t=1), said("a", 4000, t="warm"))
    house.run()
    assert told(house, 4000) == [
        ("new shape", "known metrics together for the first time: t"),
        ("type changed", "t is now a text, and was a number"),
    ]


def test_a_metric_that_nobody_has_sent_for_a_day_has_vanished(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(said("a", 0, t=1), said("b", 10, t=1, h=1), said("a", DAY, t=1))
    house.run()
    assert told(house, DAY + 10, learn=DAY) == []
    lake.land(said("a", DAY + 11, t=1))
    house.run()
    (change,) = changes(house, DAY + 12, learn=DAY)
    assert (change["changed_at"], change["change"]) == (at(DAY + 10), "vanished")
    assert change["what"] == f"h was last sent at {at(10):%Y-%m-%d %H:%M:%S} UTC"
    assert told(house, 2 * DAY + 10) == []


def test_a_metric_that_was_always_rare_has_not_vanished_and_a_silent_route_has_lost_nothing(house: House) -> None:
    LakeBuilder(house.paths).land(
        *(said("a", second, t=1) for second in range(100)), said("a", 100, t=1, error=1), said("a", 2 * DAY, t=1)
    )
    house.run()
    assert told(house, 2 * DAY, learn=DAY) == []
    assert told(house, 9 * DAY, learn=DAY, warn=99 * DAY) == []


def test_endless_shapes_are_bounded_and_only_new_metrics_of_theirs_are_told(tmp_path: Path) -> None:
    house = house_in(tmp_path / "bounded", drift={"shapes_per_route": 2})
    lake = LakeBuilder(house.paths)
    lake.land(said("a", 0, a=1, b=1, c=1), said("a", 1, a=1, b=1), said("a", 2, c=1), said("a", 3, b="on"))
    house.run()
    named = "select shape = 'other', numbers, texts, messages from silver.schema_versions order by first_seen_at, shape"
    assert house.ask(named) == [
        (False, ["a", "b", "c"], [], 1),
        (False, ["a", "b"], [], 1),
        (True, ["c"], ["b"], 2),
    ]
    lake.land(said("a", 4000, a=1, c=1), said("a", 4001, b=1, c=1, d=1))
    house.run()
    assert house.ask(named) == [
        (False, ["a", "b", "c"], [], 1),
        (True, ["a", "b", "c"], ["b"], 4),
        (False, ["b", "c", "d"], [], 1),
    ]
    assert told(house, 5000) == [("new shape", "new: d")]


def test_a_message_that_is_rejected_in_part_counts_once_it_is_read_whole(house: House) -> None:
    LakeBuilder(house.paths).land(
        Message(received_at=at(0), topic="mixed/a", payload=b'{"device":"a","t":1,"h":"high"}')
    )

    def reading(strings: str) -> House:
        route = Route(topic="mixed/#", convention="flat_json", options={"strings": strings})
        return House(house.settings.model_copy(update={"routes": (route,)}))

    before, after = reading("number"), reading("text")
    before.run()
    assert before.ask("select reason from silver.rejects") == [("bad_value",)]
    assert before.ask(SHAPES) == []
    for _ in range(2):
        with after.open() as connection:
            replay_rejects(connection, after.settings, Choice(), RUN)
        assert after.ask(SHAPES) == [(["t"], ["h"], 1)]
    rebuilt = after.tables()["silver.schema_versions"]
    after.rebuild(at(0).date())
    assert after.tables()["silver.schema_versions"] == rebuilt


@pytest.mark.skipif(not SAMPLE.is_file(), reason=f"SKIPPED: no sample at {SAMPLE}; no real drift was seen")
def test_real_telemetry_of_two_versions_has_two_shapes(house: House) -> None:
    lines = SAMPLE.read_bytes().splitlines()
    second_version = [b'"location"' in line for line in lines]
    LakeBuilder(house.paths).land(
        *(
            Message(received_at=at(number + 7200 * late), topic="telemetry/fleet", payload=line)
            for number, (line, late) in enumerate(sorted(zip(lines, second_version, strict=True), key=lambda p: p[1]))
        )
    )
    house.run()
    assert house.ask("select len(numbers), messages from silver.schema_versions order by 1") == [
        (4, len(lines) - sum(second_version)),
        (6, sum(second_version)),
    ]
    assert told(house, 9000) == [("new shape", "new: location.lat, location.lon")]
