"""Which reading is which: duplicates, redeliveries, corrections, and that the order of processing does not matter."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

from iot_assets_tests.house import house_in, run_chain
from iot_assets_tests.keeping import export
from iot_assets_tests.lake_builder import NOON, LakeBuilder, Message, at, said

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from iot_assets_tests.house import House, Tables

READINGS = "select device_id, metric, value from silver.readings order by all"
OUTCOMES = "select outcome, redelivered from silver.outcomes order by received_at, message_id"
BALANCE = """
    select (select count(*) from bronze.messages),
        (select count(*) from silver.outcomes),
        (select sum(messages)::int from silver.outcome_counts)
"""


def outcomes(house: House) -> list[str]:
    return [outcome for outcome, _ in house.ask(OUTCOMES)]


def in_every_order(folder: Path, template: Path, files: Sequence[Sequence[Message]]) -> list[Tables]:
    """The tables after three files were processed one by one, in the order of arrival and in others."""
    found = []
    for number, order in enumerate(((0, 1, 2), (2, 1, 0), (1, 2, 0))):
        house = house_in(folder / str(number))
        house.paths.root.mkdir()
        shutil.copy(template, house.paths.warehouse)
        lake = LakeBuilder(house.paths)
        made = [lake.make(file) for file in files]
        for index in order:
            made[index].place()
            house.run()
        found.append(house.tables())
    return found


def test_a_reading_said_twice_counts_once(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(said("a", 0, t=1.5), said("a", 0, received=1, t=1.5))
    house.run()
    lake.land(said("a", 0, received=90, t=1.5))
    house.run()
    assert house.ask(READINGS) == [("a", "t", 1.5)]
    assert outcomes(house) == ["telemetry", "duplicate", "duplicate"]
    assert house.ask(BALANCE) == [(3, 3, 3)]
    assert house.ask("select n, received_at from gold.readings_1min, silver.readings") == [(1, NOON)]


def test_a_message_with_one_new_reading_among_old_ones_is_telemetry(house: House) -> None:
    LakeBuilder(house.paths).land(said("a", 0, t=1), said("a", 0, received=1, t=1, u=2))
    house.run()
    assert house.ask("select outcome, readings, new_readings from silver.outcomes order by received_at") == [
        ("telemetry", 1, 1),
        ("telemetry", 2, 1),
    ]


def test_the_correction_that_arrived_first_as_the_latest_holds(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(said("a", 0, received=1, t=1))
    house.run()
    lake.land(said("a", 0, received=2, t=2))
    house.run()
    assert house.ask(READINGS) == [("a", "t", 2.0)]
    assert house.ask("select value from silver.corrections") == [(1.0,)]
    assert house.ask('select n, "sum"::double from gold.readings_1h') == [(1, 2.0)]


def test_saying_an_old_value_again_does_not_undo_a_correction(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(said("a", 0, received=1, t=1), said("a", 0, received=2, t=2))
    house.run()
    lake.land(said("a", 0, received=3, t=1))
    house.run()
    assert house.ask(READINGS) == [("a", "t", 2.0)]
    assert outcomes(house) == ["telemetry", "telemetry", "duplicate"]


def test_text_and_number_at_one_instant_correct_each_other(house: House) -> None:
    LakeBuilder(house.paths).land(said("a", 0, received=1, t=1), said("a", 0, received=2, t="off"))
    house.run()
    assert house.ask("select value, value_text from silver.readings") == [(None, "off")]
    assert house.ask("select count(*) from gold.readings_1min") == [(0,)]


def test_an_earlier_arrival_processed_later_takes_the_reading_over(house: House) -> None:
    lake = LakeBuilder(house.paths)
    first, second = lake.make([said("a", 0, received=1, t=1)]), lake.make([said("a", 0, received=70, t=1)])
    second.place()
    house.run()
    assert outcomes(house) == ["telemetry"]
    first.place()
    house.run()
    assert outcomes(house) == ["telemetry", "duplicate"]
    assert house.ask("select minute(minute_at), outcome, messages from silver.outcome_counts order by 1") == [
        (0, "telemetry", 1),
        (1, "duplicate", 1),
    ]
    assert house.ask("select message_id from silver.readings") == [(first.messages[0].message_id,)]
    assert house.ask("select first_message_id from gold.readings_1d") == [(first.messages[0].message_id,)]


def test_files_in_any_order_give_the_same_tables(tmp_path: Path, empty_warehouse: Path) -> None:
    tables = in_every_order(
        tmp_path,
        empty_warehouse,
        [
            [said("a", 0, received=1, t=1, u=1), said("b", 5, t=0.1)],
            [said("a", 0, received=61, t=2, u=1), said("b", 5, received=62, t=0.2)],
            [
                said("a", 0, received=121, t=1),
                said("b", 3600, received=122, t=0.3),
                said("b", 6, received=123, t=1e-13),
            ],
        ],
    )
    assert all(one == tables[0] for one in tables)
    assert len(tables[0]["silver.corrections"]) == 2


def heard(gateway: str, seconds: float, *, number: int = 7, received: float | None = None, node: int = 1) -> Message:
    """A packet of a mesh node as a gateway tells it, whose clock says so many seconds after noon."""
    clock = int(NOON.timestamp() + seconds)
    packet = {"from": node, "id": number, "type": "telemetry", "timestamp": clock, "payload": {"voltage": 4}}
    return Message(
        received_at=at(seconds if received is None else received),
        topic=f"msh/EU_868/2/json/LongFast/{gateway}",
        payload=json.dumps(packet).encode(),
    )


def test_a_packet_with_an_id_that_several_gateways_heard_counts_once(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(heard("!a", 10), heard("!b", 13, received=11), heard("!a", 20, number=8))
    house.run()
    lake.land(heard("!c", 3600, received=70))
    house.run()
    assert outcomes(house) == ["telemetry", "duplicate", "telemetry", "duplicate"]
    assert house.ask("select event_at, declared_id from silver.readings order by 1") == [(at(10), "7"), (at(20), "8")]
    assert house.ask("select count(*) from silver.corrections") == [(0,)]
    assert house.ask("select n from gold.readings_1d") == [(2,)]
    assert house.ask(BALANCE) == [(4, 4, 4)]


def test_an_id_holds_for_its_device_and_its_day(house: House) -> None:
    LakeBuilder(house.paths).land(heard("!a", 0), heard("!a", 1, node=2), heard("!a", 86_400))
    house.run()
    assert outcomes(house) == ["telemetry"] * 3


def test_a_packet_that_came_first_and_is_processed_last_takes_the_reading_over(
    tmp_path: Path, empty_warehouse: Path
) -> None:
    tables = in_every_order(
        tmp_path, empty_warehouse, [[heard("!a", 10)], [heard("!b", 75)], [heard("!c", 130), heard("!c", 75, number=8)]]
    )
    assert all(one == tables[0] for one in tables)
    assert len(tables[0]["silver.readings"]) == 2


def test_a_packet_heard_again_after_its_day_went_to_the_lake_is_still_known(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(heard("!a", 10))
    house.run()
    assert export(house, hot_days=0).evicted == 3  # the day's readings, its minutes and hours
    lake.land(heard("!b", 9000, received=9001))
    house.run()
    assert outcomes(house) == ["telemetry", "duplicate"]
    assert house.ask("select event_at from silver.readings") == [(at(10),)]


def test_a_redelivered_payload_without_a_time_counts_once(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(said("a", 0, timed=False, packet_id=7, t=1), said("a", 0, received=1, timed=False, packet_id=8, t=1))
    house.run()
    lake.land(
        said("a", 0, received=30, timed=False, packet_id=8, session=2, dup=True, t=1),
        said("a", 0, received=31, timed=False, packet_id=9, session=2, t=1),
    )
    house.run()
    assert house.ask(OUTCOMES) == [
        ("telemetry", False),
        ("telemetry", False),
        ("duplicate", True),
        ("telemetry", False),
    ]
    assert house.ask("select n from gold.readings_1d") == [(3,)]
    assert house.ask(BALANCE) == [(4, 4, 4)]


def test_a_redelivery_of_a_redelivery_counts_once(house: House) -> None:
    LakeBuilder(house.paths).land(
        *(said("a", 0, received=n, timed=False, packet_id=7, session=n + 1, dup=n > 0, t=1) for n in range(3))
    )
    house.run()
    assert house.ask(READINGS) == [("a", "t", 1.0)]
    assert outcomes(house) == ["telemetry", "duplicate", "duplicate"]


def test_what_only_looks_like_a_redelivery_is_a_message_of_its_own(house: House) -> None:
    first = said("a", 0, timed=False, packet_id=7, t=1)
    alike: dict[str, Any] = {"timed": False, "packet_id": 7, "session": 2, "dup": True, "t": 1}
    LakeBuilder(house.paths).land(
        first,
        said("a", 0, received=1, timed=False, packet_id=6, t=1),
        said("a", 0, received=2, **{**alike, "t": 2}),  # another payload
        said("a", 0, received=3, **{**alike, "dup": False}),  # the broker does not say so
        said("a", 0, received=4, **{**alike, "session": 1}),  # the same connection
        said("a", 0, received=5, **{**alike, "packet_id": 9}),  # another packet
        said("b", 0, received=6, **alike),  # another topic
    )
    LakeBuilder(house.paths, "other", 1_760_000_000_001).land(said("a", 0, received=7, **alike))
    house.run()
    assert outcomes(house) == ["telemetry"] * 8


def test_a_packet_id_used_anew_long_before_the_end_of_its_connection_is_no_redelivery(house: House) -> None:
    LakeBuilder(house.paths).land(
        said("a", 0, timed=False, packet_id=7, t=1),
        said("a", 0, received=3600, timed=False, packet_id=8, t=1),  # so the first was acknowledged long ago
        said("a", 0, received=3660, timed=False, packet_id=7, session=2, dup=True, t=1),
    )
    house.run()
    assert outcomes(house) == ["telemetry"] * 3


def test_redeliveries_are_told_in_any_order_of_processing(tmp_path: Path, empty_warehouse: Path) -> None:
    tables = in_every_order(
        tmp_path,
        empty_warehouse,
        [
            [
                said("a", 0, timed=False, packet_id=7, t=1),
                Message(received_at=NOON, topic="devices/x/up", payload=b"{"),
            ],
            [said("a", 0, received=60, timed=False, packet_id=7, session=2, dup=True, t=1)],
            [
                said("a", 0, received=100, timed=False, packet_id=7, session=3, t=5),
                said("a", 0, received=101, timed=False, packet_id=7, session=4, dup=True, t=1),
                said("a", 0, received=102, timed=False, packet_id=7, session=5, dup=True, t=1),
            ],
        ],
    )
    assert all(one == tables[0] for one in tables)
    assert sorted(row[-4] for row in tables[0]["silver.outcomes"]) == [False, False, False, False, True, True]


def test_a_late_file_that_tells_how_long_a_connection_lasted_decides_what_was_a_redelivery(
    tmp_path: Path, empty_warehouse: Path
) -> None:
    """Also by a message at QoS 0, which has no packet id and is nobody's original."""
    tables = in_every_order(
        tmp_path,
        empty_warehouse,
        [
            [said("a", 0, received=3600, timed=False, t=2)],
            [said("a", 0, timed=False, packet_id=7, t=1)],
            [said("a", 0, received=3660, timed=False, packet_id=7, session=2, dup=True, t=1)],
        ],
    )
    assert all(one == tables[0] for one in tables)
    assert [row[-4] for row in tables[0]["silver.outcomes"]] == [False, False, False]


def test_a_reject_delivered_again_is_one_reject(house: House) -> None:
    broken: dict[str, Any] = {"topic": "devices/a/up", "payload": b"{", "packet_id": 3}
    LakeBuilder(house.paths).land(
        Message(received_at=NOON, **broken), Message(received_at=NOON.replace(second=9), **broken, session=2, dup=True)
    )
    house.run()
    assert outcomes(house) == ["rejected", "duplicate"]
    assert house.ask("select reason, payload from silver.rejects") == [("malformed_json", b"{")]


def test_healing_writes_the_groups_concerned_and_no_other(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(*(said(f"d{n}", 60 * m, t=n + m) for n in range(5) for m in range(5)))
    house.run()
    before = house.ask("select * from gold.readings_1min where not (device_id = 'd1' and minute(bucket_at) = 2)")
    lake.land(said("d1", 130, received=9000, t=7))
    with house.open() as connection:
        healed = run_chain(connection, house.settings)[2]
    assert healed.written == {
        "gold.readings_1min": 1,
        "gold.readings_1h": 1,
        "gold.readings_1d": 1,
        "gold.latest": 1,
    }
    after = house.ask("select * from gold.readings_1min where not (device_id = 'd1' and minute(bucket_at) = 2)")
    assert sorted(before) == sorted(after)


def test_a_minute_of_nothing_but_duplicates_heals_nothing(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(*(said("a", n, t=n) for n in range(60)))
    house.run()
    lake.land(*(said("a", n, received=100 + n, t=n) for n in range(60)))
    with house.open() as connection:
        assert run_chain(connection, house.settings)[2].written == {}
    assert house.ask("select outcome, count(*) from silver.outcomes group by all order by 1") == [
        ("duplicate", 60),
        ("telemetry", 60),
    ]


def test_a_route_that_keeps_all_has_every_value_of_one_time_as_a_reading(house: House) -> None:
    lines = [
        Message(received_at=at(n), topic="lines/a", payload=b"1762948800 Voltage %s" % value)
        for n, value in enumerate((b"1", b"2", b"1\n1762948800 Voltage 3"))
    ]
    LakeBuilder(house.paths).land(*lines)
    house.run()
    assert house.ask(READINGS) == [("a", "Voltage", 1.0), ("a", "Voltage", 2.0), ("a", "Voltage", 3.0)]
    assert house.ask("select count(*) from silver.corrections") == [(0,)]
    assert house.ask('select n, "sum"::double from gold.readings_1d') == [(3, 6.0)]
    assert house.ask("select value from gold.latest") == [(3.0,)]
    house.run()
    LakeBuilder(house.paths, "other", 1_760_000_000_001).land(
        Message(received_at=at(90), topic="lines/a", payload=b"1762948800 Voltage 2")
    )
    house.run()
    assert outcomes(house) == ["telemetry"] * 3 + ["duplicate"]
