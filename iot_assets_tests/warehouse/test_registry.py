"""The registry: what it says holds for what was received while it held, whenever it is processed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from iot_assets_tests.house import run_chain
from iot_assets_tests.lake_builder import LakeBuilder, Message, at, registry, said

if TYPE_CHECKING:
    from iot_assets_tests.house import House

FLAGS = "select device_id, value, unit, flags from silver.readings order by device_id, event_at"


def limits(**limits: float) -> dict[str, dict[str, object]]:
    return {"a": {"kind": "thermometer", "metrics": {"t": {"unit": "Cel", **limits}}}}


def test_before_the_first_registry_nobody_is_unknown(house: House) -> None:
    LakeBuilder(house.paths).land(said("b", 0, t=1), registry(10, limits()), said("b", 20, t=1), said("a", 21, t=1))
    house.run()
    assert house.ask(FLAGS) == [
        ("a", 1.0, "Cel", []),
        ("b", 1.0, None, []),
        ("b", 1.0, None, ["unknown_device"]),
    ]


def test_readings_processed_before_their_registry_are_flagged_anew(house: House) -> None:
    lake = LakeBuilder(house.paths)
    early, late = lake.make([registry(0, limits(max=10))]), lake.make([said("a", 60, t=99), said("b", 61, t=1)])
    other = lake.make([said("a", -60, t=99)])
    late.place()
    other.place()
    house.run()
    assert house.ask(FLAGS) == [("a", 99.0, None, []), ("a", 99.0, None, []), ("b", 1.0, None, [])]
    early.place()
    with house.open() as connection:
        _, (written,), healed = run_chain(connection, house.settings)
    assert (written.reflagged, healed.written["gold.readings_1min"]) == (2, 2)
    assert house.ask(FLAGS) == [
        ("a", 99.0, None, []),
        ("a", 99.0, "Cel", ["out_of_range"]),
        ("b", 1.0, None, ["unknown_device"]),
    ]
    assert house.ask("select n_valid, n_excluded from gold.readings_1d where device_id = 'a'") == [(1, 1)]
    assert house.ask("select unit, flags from gold.latest where device_id = 'a'") == [("Cel", ["out_of_range"])]


def test_a_registry_between_two_others_changes_only_its_own_time(house: House) -> None:
    lake = LakeBuilder(house.paths)
    middle = lake.make([registry(100, limits(max=1))])
    lake.land(registry(0, limits(max=50)), said("a", 50, t=9), said("a", 150, t=9), said("a", 250, t=9))
    lake.land(registry(200, limits(max=70)))
    house.run()
    middle.place()
    assert [w.reflagged for w in house.run()] == [1]
    assert house.ask("select event_at from silver.readings where flags <> []") == [(at(150),)]
    assert house.ask("select min, max, valid_from_at, valid_to_at from silver.metrics order by valid_from_at") == [
        (None, 50.0, at(0), at(100)),
        (None, 1.0, at(100), at(200)),
        (None, 70.0, at(200), None),
    ]


def test_what_the_message_said_itself_stays_when_the_registry_takes_its_word_back(house: House) -> None:
    lake = LakeBuilder(house.paths)
    second = lake.make([registry(5, {})])
    lake.land(registry(0, limits(max=1e13)), said("a", 50, t=2e12))
    house.run()
    assert house.ask(FLAGS) == [("a", 2e12, "Cel", ["out_of_scale"])]
    second.place()
    house.run()
    assert house.ask(FLAGS) == [("a", 2e12, None, ["out_of_scale", "unknown_device"])]


def test_an_unreadable_registry_is_a_reject_and_changes_nothing(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(registry(0, limits()), said("a", 1, t=1))
    house.run()
    lake.land(replace(registry(10, {}), payload=b"{oh"), said("a", 11, t=1))
    house.run()
    assert house.ask("select source, reason from silver.rejects") == [("registry", "malformed_json")]
    assert house.ask("select distinct flags from silver.readings") == [([],)]


def test_devices_carry_their_first_and_last_sight_into_every_row_of_their_history(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(said("a", 1, t=1), said("b", 2, t=1))
    house.run()
    lake.land(registry(10, limits()), registry(20, {"a": {"kind": "barometer"}}), said("a", 30, t=1))
    house.run()
    sql = "select device_id, kind, origin, valid_from_at, valid_to_at, first_seen_at, last_seen_at"
    assert house.ask(f"{sql} from silver.devices order by 1, 4") == [
        ("a", "thermometer", "declared", at(10), at(20), at(1), at(30)),
        ("a", "barometer", "declared", at(20), None, at(1), at(30)),
        ("b", None, "seen", at(2), None, at(2), at(2)),
    ]


def test_rebuilding_the_day_of_the_registry_loses_nobody(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(registry(0, limits()), said("a", 1, t=1))
    lake.land(said("a", 86_400, t=2), said("b", 86_401, t=1), registry(86_402, {"b": {}}))
    house.run()
    before = house.tables()
    for day in (12, 13, 12):
        house.rebuild(at(0).date().replace(day=day))
        assert house.tables() == before


def test_limits_of_a_device_with_one_nameless_metric_hold_for_its_bare_values(house: House) -> None:
    values = [
        Message(
            received_at=at(second),
            topic="sensors",
            payload=json.dumps({"id": "Sensor 1", "dt": at(second).isoformat(), "value": value}).encode(),
        )
        for second, value in ((1, 45), (2, 46))
    ]
    entry: dict[str, object] = {"type": "temperature", "unit": "Cel", "range": [0, 45], "lat": 10, "lng": 10}
    LakeBuilder(house.paths).land(registry(0, {"Sensor 1": entry}), *values)
    house.run()
    assert house.ask(
        "select metric, unit, list_contains(flags, 'out_of_range') from silver.readings order by value"
    ) == [
        ("value", "Cel", False),
        ("value", "Cel", True),
    ]
