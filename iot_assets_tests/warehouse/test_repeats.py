"""Duplicates by device: each is listed and counted, whatever the order of processing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from iot_assets.warehouse.prune import prune
from iot_assets_tests.lake_builder import NOON, LakeBuilder, Message, at, said

if TYPE_CHECKING:
    from iot_assets_tests.house import House

LISTED = """
    select device_id, metric, epoch(received_at - timestamptz '2025-11-12 12:00:00+00')
    from silver.duplicates
    order by all
"""
COUNTED = "select device_id, metric, hour(hour_at), duplicates from silver.duplicate_counts order by all"


def test_a_reading_said_three_times_has_two_duplicates(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(said("a", 0, t=1, u=2), said("a", 0, received=1, t=1))
    house.run()
    lake.land(said("a", 0, received=2, t=1), said("b", 0, t=1))
    house.run()
    assert house.ask(LISTED) == [("a", "t", 1.0), ("a", "t", 2.0)]
    assert house.ask(COUNTED) == [("a", "t", 12, 2)]


def test_the_hour_is_that_of_the_event_however_late_it_comes_again(house: House) -> None:
    LakeBuilder(house.paths).land(said("a", -3600, received=0, t=1), said("a", -3600, received=7200, t=1))
    house.run()
    assert house.ask(COUNTED) == [("a", "t", 11, 1)]


def test_an_earlier_arrival_found_later_makes_a_duplicate_of_what_was_kept(house: House) -> None:
    lake = LakeBuilder(house.paths)
    first, second = lake.make([said("a", 0, received=1, t=1)]), lake.make([said("a", 0, received=70, t=1)])
    second.place()
    house.run()
    assert house.ask(LISTED) == []
    first.place()
    house.run()
    assert house.ask(LISTED) == [("a", "t", 70.0)]
    assert house.ask(COUNTED) == [("a", "t", 12, 1)]


def test_a_correction_said_again_is_a_duplicate_and_a_correction_is_none(house: House) -> None:
    LakeBuilder(house.paths).land(
        said("a", 0, received=1, t=1), said("a", 0, received=2, t=2), said("a", 0, received=3, t=1)
    )
    house.run()
    assert house.ask(LISTED) == [("a", "t", 3.0)]


def test_all_readings_of_a_redelivery_are_duplicates_also_without_a_time_of_their_own(house: House) -> None:
    payload = b'{"t": 1, "u": 2}'
    LakeBuilder(house.paths).land(
        Message(received_at=at(0), topic="devices/a/up", payload=payload, session=1, packet_id=7),
        Message(received_at=at(5), topic="devices/a/up", payload=payload, session=2, packet_id=7, dup=True),
    )
    house.run()
    assert house.ask(LISTED) == [("a", "t", 5.0), ("a", "u", 5.0)]
    assert house.ask("select readings - new_readings from silver.outcomes where redelivered") == [(2,)]


def test_a_day_rebuilt_counts_its_duplicates_once(house: House) -> None:
    LakeBuilder(house.paths).land(said("a", 0, t=1), said("a", 0, received=1, t=1), said("a", 0, received=2, t=1))
    house.run()
    before = house.tables()
    house.rebuild(NOON.date())
    house.rebuild(NOON.date())
    assert house.ask(COUNTED) == [("a", "t", 12, 2)]
    assert house.tables() == before


def test_rows_go_with_their_messages_and_counts_stay(house: House) -> None:
    now = (datetime.now(UTC) - NOON).total_seconds()
    LakeBuilder(house.paths).land(
        said("a", 0, t=1), said("a", 0, received=1, t=1), said("a", now, t=2), said("a", now, received=now + 1, t=2)
    )
    house.run()
    with house.open() as connection:
        prune(connection, bronze_days=2)
    assert len(house.ask(LISTED)) == 1
    assert house.ask("select sum(duplicates)::int from silver.duplicate_counts") == [(2,)]


def test_an_earlier_arrival_than_what_is_pruned_is_counted_by_the_day_its_copy_landed_on(house: House) -> None:
    lake = LakeBuilder(house.paths)
    first, second = lake.make([said("a", 0, received=1, t=1)]), lake.make([said("a", 0, received=90_000, t=1)])
    second.place()
    house.run()
    with house.open() as connection:
        prune(connection, bronze_days=1)
    first.place()
    house.run()
    assert house.ask("select landed_on::varchar, duplicates from silver.duplicate_counts") == [("2025-11-13", 1)]


def test_who_sent_what_was_rejected_is_known_where_the_topic_says_so(house: House) -> None:
    LakeBuilder(house.paths).land(
        Message(received_at=at(0), topic="devices/a/up", payload=b"{"),
        Message(received_at=at(1), topic="strange", payload=b"{"),
    )
    house.run()
    assert house.ask("select device_id from silver.rejects order by received_at") == [("a",), (None,)]
