"""Replay: what a fix makes readable becomes readings as if it had always been so; however often, nothing twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from iot_assets.assets.silver import replay_rejects
from iot_assets.lake.landed import REGISTRY_SOURCE
from iot_assets.settings import Route
from iot_assets.warehouse.prune import prune
from iot_assets.warehouse.replay import Choice
from iot_assets_tests.house import RUN, House, heal, house_in, run_chain
from iot_assets_tests.keeping import but_for_bookkeeping, export, join, tables_with_lake, taken_in_anew
from iot_assets_tests.lake_builder import LakeBuilder, Message, at, registry, said

if TYPE_CHECKING:
    from pathlib import Path

    from iot_assets_tests.house import Tables

ALL: Final = Choice()
#: The fix: a route for the topics that had none.
FIX: Final = (
    Route(topic="strange/{device}", convention="flat_json", options={"device": "{device}"}),
    Route(topic="odd/{device}", convention="flat_json", options={"device": "{device}"}),
)


def strange(
    device: str, seconds: float, *, received: float | None = None, topic: str = "strange", **how: Any
) -> Message:
    """A message under a topic that no route matches before the fix."""
    body = {"ts": at(seconds).isoformat(), "t": how.pop("t", 1)}
    when = at(seconds if received is None else received)
    return Message(received_at=when, topic=f"{topic}/{device}", payload=json.dumps(body).encode(), **how)


def mended(house: House) -> House:
    """The same house, its routes mended."""
    return House(house.settings.model_copy(update={"routes": FIX}))


def replay(house: House, choice: Choice = ALL) -> int:
    """Replay; how many messages were tried."""
    with house.open() as connection:
        written = replay_rejects(connection, house.settings, choice, RUN)
        heal(connection, house.settings)
    return sum(w.messages for w in written)


def anew(house: House, folder: Path, template: Path) -> Tables:
    """The tables that a full rebuild with the mended routes gives."""
    other = House(taken_in_anew(house, folder, template).settings.model_copy(update={"routes": FIX}))
    other.paths.warehouse.write_bytes(template.read_bytes())
    other.run()
    return but_for_bookkeeping(other.tables())


def rejects(house: House) -> list[tuple[Any, ...]]:
    return house.ask("select topic, reason, attempts, replayed_at is null from silver.rejects order by received_at")


@pytest.fixture
def lake(house: House) -> LakeBuilder:
    """Good and strange messages, a duplicate and a correction among them, all settled before the fix."""
    lake = LakeBuilder(house.paths)
    lake.land(
        said("a", 0, t=1), strange("b", 1), strange("b", 1, received=2), strange("b", 1, received=3, t=5),
        strange("c", 61, topic="odd"), Message(received_at=at(62), topic="strange/d", payload=b"{"),
    )  # fmt: skip
    house.run()
    return lake


def test_what_a_fix_makes_readable_becomes_what_a_full_rebuild_would_make_of_it(
    house: House, lake: LakeBuilder, tmp_path: Path, empty_warehouse: Path
) -> None:
    assert len(rejects(house)) == 5
    fixed = mended(house)
    assert replay(fixed) == 5
    assert rejects(house) == [("strange/d", "malformed_json", 2, False)]
    assert house.ask("select device_id, value from silver.readings order by all") == [
        ("a", 1.0),
        ("b", 5.0),
        ("c", 1.0),
    ]
    assert house.ask("select sum(n) from gold.readings_1d") == [(3,)]
    assert but_for_bookkeeping(house.tables()) == anew(house, tmp_path / "anew", empty_warehouse)


def test_replaying_often_counts_attempts_and_doubles_nothing(house: House, lake: LakeBuilder) -> None:
    fixed = mended(house)
    for attempt in range(2, 5):
        replay(fixed)
        assert [row[2] for row in rejects(house)] == [attempt]
        assert house.ask("select count(*), count(distinct (device_id, event_at)) from silver.readings") == [(3, 3)]
    assert house.ask("select outcome, sum(messages)::int from silver.outcome_counts group by all order by all") == [
        ("duplicate", 1), ("rejected", 1), ("telemetry", 4),
    ]  # fmt: skip


def test_a_replay_without_a_fix_changes_nothing_but_the_attempts(house: House, lake: LakeBuilder) -> None:
    before = but_for_bookkeeping(house.tables())
    assert replay(house) == 5
    assert but_for_bookkeeping(house.tables()) == before
    assert {row[2:] for row in rejects(house)} == {(2, False)}


@pytest.mark.parametrize(
    ("choice", "tried"),
    [
        (Choice(reason="no_route"), 5),
        (Choice(reason="malformed_json"), 0),
        (Choice(topic="strange/*"), 4),
        (Choice(topic="strange/?"), 4),
        (Choice(topic="*/c"), 1),
        (Choice(source="mqtt"), 5),
        (Choice(source="http"), 0),
        (Choice(first_at=at(2)), 4),
        (Choice(last_at=at(2)), 1),
        (Choice(first_at=at(2), last_at=at(61), topic="strange/b"), 2),
        (Choice(message_id="00000000-0000-8000-8000-000000000000"), 0),
    ],
    ids=str,
)
def test_only_what_was_chosen_is_tried(house: House, lake: LakeBuilder, choice: Choice, tried: int) -> None:
    assert replay(house, choice) == tried
    assert sum(row[2] == 2 for row in rejects(house)) == tried


def test_one_after_the_other_in_any_order_gives_the_same(
    house: House, lake: LakeBuilder, tmp_path: Path, empty_warehouse: Path
) -> None:
    fixed = mended(house)
    ids = [str(i) for (i,) in house.ask("select message_id from silver.rejects order by received_at desc")]
    for message_id in ids:
        assert replay(fixed, Choice(message_id=message_id)) == 1
    assert but_for_bookkeeping(house.tables()) == anew(house, tmp_path / "anew", empty_warehouse)


def test_a_message_of_which_a_part_was_rejected_gains_the_rest(
    house: House, tmp_path: Path, empty_warehouse: Path
) -> None:
    # Of a Telemetry record the humidity is no number; a flat one may say what it likes.
    body = (
        b'{"timestamp": "2025-11-12T12:00:00Z", "device_id": "d", "temperature": 20, "humidity": NaN, "pressure": 1000}'
    )
    lake = LakeBuilder(house.paths)
    lake.land(Message(received_at=at(0), topic="strange/d", payload=body), strange("d", 1))
    first = House(house.settings.model_copy(update={"routes": (Route(topic="strange/+", convention="telemetry"),)}))
    first.run()
    partial = house.ask("select reason from silver.rejects order by received_at")
    replay(mended(house))
    replay(mended(house))
    assert partial
    assert but_for_bookkeeping(house.tables()) == anew(house, tmp_path / "anew", empty_warehouse)


def test_a_redelivery_of_a_reject_stays_one_when_the_reject_becomes_readable(
    house: House, tmp_path: Path, empty_warehouse: Path
) -> None:
    lake = LakeBuilder(house.paths)
    untimed = {"topic": "strange/d", "payload": b'{"t": 1}', "packet_id": 7}
    lake.land(Message(received_at=at(0), session=1, **untimed))  # type: ignore[arg-type]
    lake.land(Message(received_at=at(9), session=2, dup=True, **untimed))  # type: ignore[arg-type]
    house.run()
    assert len(rejects(house)) == 1
    fixed = mended(house)
    replay(fixed)
    assert house.ask("select event_at, value from silver.readings") == [(at(0), 1.0)]
    assert but_for_bookkeeping(house.tables()) == anew(house, tmp_path / "anew", empty_warehouse)


def test_a_reject_that_a_file_found_late_shows_to_be_a_redelivery_is_none_any_more(
    house: House, tmp_path: Path, empty_warehouse: Path
) -> None:
    lake = LakeBuilder(house.paths)
    untimed = {"topic": "strange/d", "payload": b'{"t": 1}', "packet_id": 7}
    original = lake.make([Message(received_at=at(0), session=1, **untimed)])  # type: ignore[arg-type]
    lake.land(Message(received_at=at(9), session=2, dup=True, **untimed))  # type: ignore[arg-type]
    house.run()
    fixed = mended(house)
    replay(fixed)
    assert house.ask("select event_at from silver.readings") == [(at(9),)]
    original.place()
    fixed.run()
    assert house.ask("select event_at from silver.readings") == [(at(0),)]
    assert but_for_bookkeeping(house.tables()) == anew(house, tmp_path / "anew", empty_warehouse)


def test_a_registry_that_could_not_be_read_is_replayed_like_any_other(house: House) -> None:
    lake = LakeBuilder(house.paths)
    broken = Message(received_at=at(1), topic="registry.json", payload=b"{", source=REGISTRY_SOURCE)
    lake.land(registry(0, {"a": {"kind": "x"}}), broken, said("a", 2, t=1))
    house.run()
    before = but_for_bookkeeping(house.tables())
    assert replay(house) == len(rejects(house)) == 1
    assert but_for_bookkeeping(house.tables()) == before


def test_rejects_keep_their_messages_when_bronze_is_pruned_and_files_joined_and_days_cold(
    house: House, lake: LakeBuilder, tmp_path: Path, empty_warehouse: Path
) -> None:
    expected = anew(house, tmp_path / "anew", empty_warehouse)
    lake.land(said("a", 3600, t=2))
    house.run()
    house.publish()
    assert join(house).joined == 2
    house.publish()
    with house.open() as connection:
        prune(connection, bronze_days=1)
    join(house, grace=timedelta(0))
    assert export(house, hot_days=2).evicted > 0
    assert house.ask("select count(*) from bronze.messages") == [(5,)]
    assert replay(mended(house)) == 5
    found = tables_with_lake(house)
    for name in ("silver.readings", "silver.corrections", "gold.readings_1min", "gold.readings_1d"):
        old = [row for row in found[name] if row[0] != "a"]
        assert old == [row for row in expected[name] if row[0] != "a"], name
    assert house.ask("select outcome, sum(messages)::int from silver.outcome_counts group by all order by all") == [
        ("duplicate", 1), ("rejected", 1), ("telemetry", 5),
    ]  # fmt: skip
    with house.open() as connection:
        prune(connection, bronze_days=1)
    assert house.ask("select count(*) from bronze.messages") == [(1,)]
    assert mended(house).run() == []


def test_after_a_rebuild_rejects_are_there_to_be_replayed_again(
    house: House, lake: LakeBuilder, tmp_path: Path, empty_warehouse: Path
) -> None:
    replay(house)
    house.rebuild(at(0).date())
    assert {row[2:] for row in rejects(house)} == {(1, True)}
    replay(mended(house))
    assert but_for_bookkeeping(house.tables()) == anew(house, tmp_path / "anew", empty_warehouse)


def test_what_waits_unsettled_does_not_disturb_a_replay_nor_the_other_way_round(
    house: House, lake: LakeBuilder, tmp_path: Path, empty_warehouse: Path
) -> None:
    from iot_assets.warehouse import bronze

    lake.land(strange("b", 1, received=70, t=9), said("a", 0, received=71, t=3))
    fixed = mended(house)
    with fixed.open() as connection:
        list(bronze.enter(connection, fixed.paths, run_id=RUN, most_messages=1000))
        replay_rejects(connection, fixed.settings, ALL, RUN)
        run_chain(connection, fixed.settings)
    assert but_for_bookkeeping(house.tables()) == anew(house, tmp_path / "anew", empty_warehouse)


def test_more_rejects_than_one_transaction_takes_are_replayed_in_several(tmp_path: Path) -> None:
    house = house_in(tmp_path / "data", warehouse={"batch_messages": 1000})
    LakeBuilder(house.paths).land(*(strange("b", n / 10) for n in range(2100)))
    house.run()
    with house.open() as connection:
        written = replay_rejects(connection, mended(house).settings, ALL, RUN)
    assert [w.messages for w in written] == [1000, 1000, 100]
    assert house.ask("select count(*) from silver.readings") == [(2100,)]


def test_a_reject_whose_message_is_lost_does_not_keep_a_replay_busy_for_ever(house: House, lake: LakeBuilder) -> None:
    with house.open() as connection:
        connection.execute("delete from bronze.messages where topic = 'strange/d'")
    assert replay(mended(house)) == 4
    assert rejects(house) == [("strange/d", "no_route", 1, True)]


def test_a_replay_killed_after_it_was_opened_leaves_nothing_in_the_way(house: House, lake: LakeBuilder) -> None:
    from iot_assets.warehouse.replay import open_rejects

    before = house.tables()
    with house.open() as connection:
        assert open_rejects(connection, ALL, since=datetime.now(UTC), most=1000, run_id=RUN) is not None
    house.run()
    assert house.tables() == before
    assert replay(mended(house)) == 5
