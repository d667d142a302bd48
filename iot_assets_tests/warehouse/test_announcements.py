"""Devices announce what they are: that fills the registry, a file's word wins, and no order changes anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iot_assets.warehouse import bronze
from iot_assets.warehouse.rebuild import forget
from iot_assets_tests.house import RUN, heal
from iot_assets_tests.lake_builder import LakeBuilder, Message, at, registry
from iot_assets_tests.warehouse.plain import plain, reading, settle_plainly

if TYPE_CHECKING:
    from iot_assets_tests.house import House

DEVICES = (
    "select kind, firmware, lat, lon, origin, valid_from_at, valid_to_at from silver.devices order by device_id, 6"
)
FLAGS = "select device_id, unit, flags from silver.readings order by event_at"


def announced(seconds: float, device: str = "a", **facts: Any) -> Message:
    body = b"!" + json.dumps({device: {"metrics": {}, **facts}}).encode()
    return Message(received_at=at(seconds), topic="plain", payload=body)


def settle(house: House) -> None:
    with house.open() as connection:
        list(bronze.enter(connection, house.paths, run_id=RUN, most_messages=1000))
        settle_plainly(connection)
        heal(connection, house.settings)


def test_a_device_is_what_it_announced_last_field_by_field(house: House) -> None:
    LakeBuilder(house.paths).land(
        announced(0, kind="pump"), announced(10, firmware="1"), announced(20, kind="pump"), announced(30, firmware="2")
    )
    settle(house)
    assert house.ask(DEVICES) == [
        ("pump", None, None, None, "announced", at(0), at(10)),
        ("pump", "1", None, None, "announced", at(10), at(30)),
        ("pump", "2", None, None, "announced", at(30), None),
    ]


def test_what_a_file_declares_wins_and_the_announced_fills_its_gaps(house: House) -> None:
    LakeBuilder(house.paths).land(
        announced(0, kind="announced", firmware="1", lat=1.0, lon=2.0),
        registry(10, {"a": {"kind": "declared", "lon": 9}}),
        announced(20, kind="announced", firmware="2"),
        registry(30, {}),
    )
    settle(house)
    assert house.ask(DEVICES) == [
        ("announced", "1", 1.0, 2.0, "announced", at(0), at(10)),
        ("declared", "1", None, 9.0, "declared", at(10), at(20)),
        ("declared", "2", None, 9.0, "declared", at(20), at(30)),
        ("announced", "2", 1.0, 2.0, "announced", at(30), None),
    ]


def test_attributes_of_both_are_kept_and_the_declared_win(house: House) -> None:
    LakeBuilder(house.paths).land(
        announced(0, attributes='{"floor": 1, "ip": "::1"}'), registry(10, {"a": {"floor": 2, "wall": "north"}})
    )
    settle(house)
    (found,) = house.ask("select attributes from silver.devices where valid_to_at is null")
    assert json.loads(found[0]) == {"floor": 2, "ip": "::1", "wall": "north"}


def test_limits_are_of_the_file_or_of_the_device_never_half_and_half(house: House) -> None:
    LakeBuilder(house.paths).land(
        announced(0, metrics={"m": {"unit": "K", "min": 5, "max": 6}}),
        registry(10, {"a": {"metrics": {"m": {"max": 4}}}}),
    )
    settle(house)
    assert house.ask("select unit, min, max, origin, valid_to_at from silver.metrics order by valid_from_at") == [
        ("K", 5.0, 6.0, "announced", at(10)),
        ("K", None, 4.0, "declared", None),
    ]


def test_who_has_announced_itself_is_known_and_its_unit_and_limits_count(house: House) -> None:
    LakeBuilder(house.paths).land(
        registry(0, {"z": {}}),
        plain(1, reading("a", 1, 7), reading("b", 2, 7)),
        announced(5, metrics={"m": {"unit": "K", "max": 6}}),
        plain(10, reading("a", 10, 7), reading("b", 11, 7)),
    )
    settle(house)
    assert house.ask(FLAGS) == [
        ("a", None, ["unknown_device"]),
        ("b", None, ["unknown_device"]),
        ("a", "K", ["out_of_range"]),
        ("b", None, ["unknown_device"]),
    ]


def test_without_a_registry_file_an_announcement_makes_nobody_unknown(house: House) -> None:
    LakeBuilder(house.paths).land(announced(0), plain(1, reading("b", 1, 7)))
    settle(house)
    assert house.ask(FLAGS) == [("b", None, [])]


def test_an_announcement_found_late_puts_right_what_was_judged_without_it(house: House) -> None:
    lake = LakeBuilder(house.paths)
    early = lake.make([announced(5, metrics={"m": {"max": 6}})])
    lake.land(registry(0, {"z": {}}), plain(10, reading("a", 10, 7)))
    settle(house)
    assert house.ask(FLAGS) == [("a", None, ["unknown_device"])]
    early.place()
    settle(house)
    assert house.ask(FLAGS) == [("a", None, ["out_of_range"])]
    assert house.ask("select n_excluded from gold.readings_1h") == [(1,)]


def test_an_announcement_delivered_again_does_not_take_the_newer_one_back(house: House) -> None:
    lake = LakeBuilder(house.paths)
    old = announced(0, firmware="1")
    again = Message(received_at=at(20), topic="plain", payload=old.payload, session=2, dup=True, packet_id=7)
    original = Message(received_at=at(0), topic="plain", payload=old.payload, session=1, packet_id=7)
    first = lake.make([original, announced(10, firmware="2")])
    lake.land(again)
    settle(house)
    first.place()
    settle(house)
    assert house.ask("select firmware from silver.devices where valid_to_at is null") == [("2",)]


def test_rebuilding_the_day_of_an_announcement_loses_nothing(house: House) -> None:
    LakeBuilder(house.paths).land(announced(0, kind="pump"), registry(1, {"b": {}}))
    LakeBuilder(house.paths, "other").land(announced(86_400, kind="motor"), plain(86_401, reading("a", 86_401, 1)))
    settle(house)
    before = house.tables()
    for day in (12, 13, 12):
        with house.open() as connection:
            forget(connection, at(0).date().replace(day=day))
        settle(house)
        assert house.tables() == before


def test_a_lorawan_join_makes_a_device_known_and_its_file_completes_it(house: House) -> None:
    at_once = Path(__file__).parents[1] / "decoders" / "golden" / "chirpstack"
    join, uplink = (
        Message(
            received_at=at(seconds),
            topic=(at_once / case / "topic").read_text().strip(),
            payload=(at_once / case / "payload").read_bytes(),
        )
        for seconds, case in ((10, "join"), (20, "decoded_uplink"))
    )
    LakeBuilder(house.paths).land(registry(0, {"z": {}}), join, uplink)
    house.run()
    ((device, kind, origin, seen_at),) = house.ask(
        "select device_id, kind, origin, first_seen_at from silver.devices where origin = 'announced'"
    )
    assert (kind, origin, seen_at) == ("EM300-TH", "announced", at(20))
    assert house.ask("select count(*) from silver.readings where list_contains(flags, 'unknown_device')") == [(0,)]
    LakeBuilder(house.paths, "other").land(registry(30, {device: {"site": "barn"}}))
    house.run()
    known = "select kind, site, origin from silver.devices where valid_to_at is null and device_id <> 'z'"
    assert house.ask(known) == [("EM300-TH", "barn", "declared")]


def test_attributes_that_are_no_json_stop_nothing(house: House) -> None:
    LakeBuilder(house.paths).land(
        announced(0, attributes="no {JSON"), announced(1, "b", attributes="nor this"), registry(10, {"a": {"floor": 2}})
    )
    settle(house)
    held = "select device_id, attributes from silver.devices where valid_to_at is null order by 1"
    assert house.ask(held) == [("a", '{"floor": 2}'), ("b", "nor this")]
