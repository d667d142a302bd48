"""The live tail: what is landed and not yet published, seen once, and just as it will be when it is published."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iot_assets.serving.live.live import Live
from iot_assets.serving.live.tail import Tail
from iot_assets.serving.pool import PublishedPool
from iot_assets.serving.published import QuestionError
from iot_assets.warehouse import bronze
from iot_assets_tests.house import House, house_in, to_the_bit
from iot_assets_tests.lake_builder import LakeBuilder, Message, at, registry, said
from iot_assets_tests.serving.spooling import Spooling
from iot_assets_tests.waiting import eventually
from iot_assets_tests.warehouse.test_births import born, data

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES: Final = int(os.environ.get("IOT_TESTS_EXAMPLES", "12"))
LONG: Final = "IOT_TESTS_EXAMPLES" in os.environ
_COLUMNS: Final = (
    "device_id, metric, event_at, value, value_text, unit, flags, received_at, message_id, position, declared_id,"
    " keep_all, time_text, event_at_source, from_registry"
)


class Watched:
    """A house, a spool, and a tail that looks when it is told."""

    def __init__(self, folder: Path, empty_warehouse: Path, **server: Any) -> None:
        shutil.copy(empty_warehouse, folder / empty_warehouse.name)
        plain = house_in(folder).settings
        live = plain.server.live.model_copy(update=server)
        self.house = House(plain.model_copy(update={"server": plain.server.model_copy(update={"live": live})}))
        self.spool = Spooling(self.house.paths)
        self.pool = PublishedPool(self.house.paths, threads=1)
        self.tail = Tail(self.house.settings, self.pool)
        self.house.publish()

    def rows(self, sql: str = f"select {_COLUMNS} from memory.live.readings") -> list[tuple[Any, ...]]:
        with self.tail.cursor() as cursor:
            found = cursor.execute(sql).fetchall()
        return sorted((tuple(to_the_bit(value) for value in row) for row in found), key=repr)

    def looked(self) -> list[tuple[Any, ...]]:
        self.tail.look()
        return self.rows()

    def values(self, device: str) -> list[float]:
        self.tail.look()
        sql = f"select event_at, value from memory.live.readings where device_id = '{device}'"
        return [value for _, value in sorted(self.rows_raw(sql))]

    def rows_raw(self, sql: str) -> list[tuple[Any, ...]]:
        with self.tail.cursor() as cursor:
            return cursor.execute(sql).fetchall()

    def published(self) -> list[tuple[Any, ...]]:
        """What a run makes of all that is sealed."""
        self.house.run()
        with self.house.open() as connection:
            found = connection.execute(f"select {_COLUMNS} from silver.readings").fetchall()
        return sorted((tuple(to_the_bit(value) for value in row) for row in found), key=repr)

    def close(self) -> None:
        self.tail.close()
        self.pool.close()


@pytest.fixture
def watched(tmp_path: Path, empty_warehouse: Path) -> Iterator[Watched]:
    one = Watched(tmp_path, empty_warehouse)
    yield one
    one.close()


def test_what_lies_in_the_open_spool_is_seen_and_each_look_sees_what_came_since(watched: Watched) -> None:
    watched.spool.take(said("a", 0, t=1))
    assert watched.values("a") == [1.0]
    watched.spool.take(said("a", 1, t=2), said("a", 2, t=3))
    assert watched.values("a") == [1.0, 2.0, 3.0]
    watched.spool.seal()
    watched.spool.take(said("a", 3, t=4))
    assert watched.values("a") == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.03, 0.5, 0.99])
def test_a_frame_that_is_being_written_is_seen_once_it_is_whole(watched: Watched, share: float) -> None:
    watched.spool.take(said("a", 0, t=1))
    whole = watched.spool.open_segment().read_bytes()
    watched.spool.tear(said("a", 1, t=2), share)
    assert watched.values("a") == [1.0]
    watched.spool.open_segment().write_bytes(whole)
    watched.spool.take(said("a", 1, t=3))
    assert watched.values("a") == [1.0, 3.0]


def test_a_segment_that_a_lander_has_cut_back_is_read_anew(watched: Watched) -> None:
    watched.spool.take(said("a", 0, t=1))
    kept = watched.spool.open_segment().read_bytes()
    watched.spool.take(said("a", 1, t=2))
    assert watched.values("a") == [1.0, 2.0]
    watched.spool.open_segment().write_bytes(kept)
    watched.tail.look()
    assert watched.values("a") == [1.0]


def test_who_has_slept_sees_the_same_after_the_first_look(watched: Watched) -> None:
    watched.spool.take(said("a", 0, t=1))
    assert watched.values("a") == [1.0]
    watched.tail.close()
    watched.spool.take(said("a", 1, t=2))
    assert watched.values("a") == [1.0, 2.0]


def test_a_birth_that_was_published_meanwhile_is_newer_than_the_one_that_was_known(watched: Watched) -> None:
    watched.spool.take(born(0, temperature=1))
    watched.tail.look()
    watched.tail.close()
    watched.spool.take(born(20, session=1, pressure=1))
    watched.spool.seal()
    watched.house.run()
    watched.house.publish()
    watched.spool.take(data(30, 1, 1013.0))
    watched.tail.look()
    assert watched.rows_raw("select metric from memory.live.readings where value > 1000") == [("pressure",)]


def test_what_was_said_before_is_not_seen_twice_wherever_it_was_said(watched: Watched) -> None:
    watched.spool.take(said("a", 0, t=1))
    watched.spool.seal()
    watched.house.run()
    watched.house.publish()
    watched.spool.take(said("a", 0, received=5, t=1), said("a", 1, t=2), said("a", 1, received=6, t=2))
    assert watched.values("a") == [1.0, 2.0]


def test_another_value_for_the_same_time_replaces_the_published_one(watched: Watched) -> None:
    watched.spool.take(said("a", 0, t=1), said("a", 1, t=2))
    watched.spool.seal()
    watched.house.run()
    watched.house.publish()
    watched.spool.take(said("a", 0, received=5, t=7))
    assert watched.values("a") == [7.0, 2.0]
    assert watched.rows_raw("select event_at, value from memory.live.latest") == [(at(1), 2.0)]
    watched.spool.take(said("a", 1, received=6, t=9))
    assert watched.values("a") == [7.0, 9.0]
    assert watched.rows_raw("select event_at, value from memory.live.latest") == [(at(1), 9.0)]


def test_a_redelivery_counts_once_though_its_payload_names_no_time(watched: Watched) -> None:
    watched.spool.take(said("a", 0, timed=False, packet_id=7, t=1))
    watched.spool.seal()
    watched.house.run()
    watched.house.publish()
    watched.spool.take(said("a", 1, timed=False, packet_id=8, t=2))
    watched.spool.seal()
    watched.spool.take(
        said("a", 60, timed=False, packet_id=7, session=2, dup=True, t=1),
        said("a", 61, timed=False, packet_id=8, session=2, dup=True, t=2),
        said("a", 62, timed=False, packet_id=9, session=2, dup=True, t=3),
    )
    assert watched.values("a") == [1.0, 2.0, 3.0]


def test_messages_that_only_number_their_metrics_are_read_with_births_published_or_not(watched: Watched) -> None:
    watched.spool.take(born(0, temperature=1))
    watched.spool.seal()
    watched.house.run()
    watched.house.publish()
    watched.spool.take(data(10, 1, 20.5))
    watched.tail.look()
    metrics = "select metric, value from memory.live.readings where event_at > timestamptz '2025-11-12 12:00:05+00'"
    assert watched.rows_raw(metrics) == [("temperature", 20.5)]
    watched.spool.take(born(20, session=1, pressure=1))
    watched.tail.look()
    watched.spool.take(data(30, 1, 1013.0))
    watched.tail.look()
    assert watched.rows_raw(f"{metrics} and metric = 'pressure' and value > 1000") == [("pressure", 1013.0)]


def test_units_and_flags_are_those_that_the_registry_gives(watched: Watched) -> None:
    watched.spool.take(registry(-10, {"a": {"metrics": {"t": {"unit": "Cel", "max": 50}}}}))
    watched.spool.seal()
    watched.house.run()
    watched.house.publish()
    watched.spool.take(said("a", 0, t=99), said("b", 0, t=1))
    watched.tail.look()
    seen = watched.rows_raw("select device_id, unit, flags from memory.live.readings order by 1")
    assert seen == [("a", "Cel", ["out_of_range"]), ("b", None, ["unknown_device"])]


def test_a_file_that_bronze_has_entered_and_silver_has_not_settled_stays_in_the_tail(watched: Watched) -> None:
    watched.spool.take(said("a", 0, t=1))
    watched.spool.seal()
    watched.house.run()
    watched.spool.take(said("a", 1, t=2))
    watched.spool.seal()
    with watched.house.open() as connection:
        list(bronze.enter(connection, watched.house.paths, run_id="half", most_messages=1000))
    watched.house.publish()
    assert watched.values("a") == [1.0, 2.0]
    watched.house.run()
    watched.house.publish()
    assert watched.values("a") == [1.0, 2.0]
    assert watched.tail.messages == 0


def test_the_tail_is_bounded_and_says_what_it_leaves_out(tmp_path: Path, empty_warehouse: Path) -> None:
    one = Watched(tmp_path, empty_warehouse, most_messages=1000)
    try:
        for file in range(4):
            one.spool.take(*(said("a", file * 400 + n, t=n) for n in range(400)))
            one.spool.seal()
        assert len(one.looked()) == 800
        assert (one.tail.messages, one.tail.left_out) == (800, 2)
        one.spool.take(*(said("a", 5000 + n, t=n) for n in range(400)))
        seen = one.looked()
        assert (len(seen), one.tail.left_out) == (400, 4), "half of the bound is made free at once"
        one.spool.seal()
        one.house.run()
        one.house.publish()
        assert len(one.looked()) == 2000
        assert (one.tail.messages, one.tail.left_out) == (0, 0)
    finally:
        one.close()


@st.composite
def _histories(draw: st.DrawFn) -> list[tuple[str, list[Message]]]:
    """Steps of a lander, of runs and of readers; received times never go back within a lander."""
    steps = draw(
        st.lists(st.sampled_from(("take", "take", "take", "seal", "run", "bronze", "publish", "look")), max_size=25)
    )
    clock, packet, session = 0, 0, 1
    taken: list[Message] = []
    found = []
    for step in steps:
        messages = []
        if step == "take":
            for _ in range(draw(st.integers(1, 3))):
                clock += draw(st.integers(0, 3))
                if taken and draw(st.integers(0, 5)) == 0:
                    # The connection was lost: the broker delivers one of the last messages again.
                    session += 1
                    old = draw(st.sampled_from(taken[-3:]))
                    messages.append(
                        Message(
                            received_at=at(clock), topic=old.topic, payload=old.payload, session=session, dup=True,
                            packet_id=old.packet_id,
                        )
                    )  # fmt: skip
                else:
                    packet += 1
                    new = said(
                        draw(st.sampled_from("ab")), draw(st.integers(0, 5)), received=clock, session=session,
                        timed=draw(st.booleans()), packet_id=packet, t=draw(st.integers(0, 2)),
                    )  # fmt: skip
                    taken.append(new)
                    messages.append(new)
        found.append((step, messages))
    return found


@settings(max_examples=EXAMPLES, derandomize=not LONG, database=None, suppress_health_check=list(HealthCheck))
@given(history=_histories())
def test_whatever_happens_the_tail_beside_a_publication_is_what_a_run_would_publish(
    empty_warehouse: Path,
    history: list[tuple[str, list[Message]]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        one = Watched(Path(name), empty_warehouse)
        try:
            for step, messages in history:
                match step:
                    case "take":
                        one.spool.take(*messages)
                    case "seal":
                        one.spool.seal()
                    case "run":
                        one.house.run()
                    case "bronze":
                        with one.house.open() as connection:
                            list(bronze.enter(connection, one.house.paths, run_id="half", most_messages=1000))
                    case "publish":
                        one.house.publish()
                    case "look":
                        one.tail.look()
            seen = one.looked()
            latest = one.rows("select device_id, metric, event_at, value, message_id from memory.live.latest")
            one.spool.seal()
            assert one.looked() == seen, "sealing changes nothing"
            assert one.published() == seen, "a run makes the same of it"
            with one.house.open() as connection:
                found = connection.execute("select device_id, metric, event_at, value, message_id from gold.latest")
                assert sorted((tuple(to_the_bit(v) for v in row) for row in found.fetchall()), key=repr) == latest
            one.house.publish()
            assert one.looked() == seen, "so the handover changes nothing"
            assert one.tail.messages == 0
        finally:
            one.close()


def test_at_every_moment_of_the_handover_a_reader_sees_each_reading_exactly_once(
    tmp_path: Path, empty_warehouse: Path
) -> None:
    one = Watched(tmp_path, empty_warehouse, poll_seconds=0.05)
    live = Live(one.house.settings, one.pool)
    taken = 0
    over = threading.Event()
    faults: list[str] = []
    looks = 0

    def read() -> None:
        nonlocal looks
        most = 0
        while not over.wait(0.01):  # else two readers leave the writer no time
            with live.cursor() as cursor:
                ((rows, times),) = cursor.execute(
                    "select count(*), count(distinct event_at) from memory.live.readings"
                ).fetchall()
            looks += 1
            if rows != times:
                faults.append(f"{rows} rows of {times} readings")
            if times < most:
                faults.append(f"{times} readings where {most} were seen before")
            most = times

    readers = [threading.Thread(target=read, name=f"reader-{n}") for n in range(2)]
    try:
        for reader in readers:
            reader.start()
        for _ in range(5):
            for _ in range(5):
                # Each reading of before is said once more beside the new ones.
                again = said("a", max(taken - 1, 0), received=taken, t=max(taken - 1, 0))
                one.spool.take(again, *(said("a", n, t=n) for n in range(taken, taken + 20)))
                taken += 20
            one.spool.seal()
            one.house.run()
            one.house.publish()
        eventually(lambda: looks > 20 and _seen(live) == taken)
    finally:
        over.set()
        for reader in readers:
            reader.join()
        live.close()
        one.close()
    assert faults == []


def test_nobody_looks_while_nobody_asks_and_the_next_question_wakes(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iot_assets.serving.live.live._INTEREST_SECONDS", 0.2)
    live = Live(watched.house.settings, watched.pool)
    try:
        watched.spool.take(said("a", 0, t=1))
        assert _seen(live) == 1
        eventually(lambda: not live.state()["looking"] and live.state()["messages"] == 0)
        watched.spool.take(said("a", 1, t=2))
        assert _seen(live) == 2
    finally:
        live.close()


def test_a_fault_is_told_and_the_next_look_begins_anew(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    live = Live(watched.house.settings, watched.pool)
    look, faulty = Tail.look, True

    def stumble(tail: Tail) -> bool:
        if faulty:
            raise OSError("the disk is gone")
        return look(tail)

    monkeypatch.setattr(Tail, "look", stumble)
    try:
        watched.spool.take(said("a", 0, t=1))
        with pytest.raises(QuestionError, match="the disk is gone"):
            _seen(live)
        faulty = False
        eventually(lambda: live.state()["looking"])
        assert _seen(live) == 1
    finally:
        live.close()


def test_what_has_landed_before_the_first_publication_is_live_and_once_only_when_it_is_there(tmp_path: Path) -> None:
    house = house_in(tmp_path)
    LakeBuilder(house.paths).land(said("a", 0, t=1), said("b", 0, t=2))
    pool = PublishedPool(house.paths)
    live = Live(house.settings, pool)
    try:
        assert _seen(live) == 2
        house.run()
        house.publish()
        eventually(lambda: "+0" in live.version(), seconds=20)
        assert _seen(live) == 2
    finally:
        live.close()
        pool.close()


def _seen(live: Live) -> int:
    with live.cursor() as cursor:
        return int(cursor.execute("select count(*) from memory.live.readings").fetchall()[0][0])
