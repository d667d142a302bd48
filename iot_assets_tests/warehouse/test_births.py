"""Data whose birth has not arrived is held; whenever a birth comes, the tables are as if it had been there in time."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from iot_assets.warehouse import bronze
from iot_assets.warehouse.prune import prune
from iot_assets_tests.decoders.sparkplug import birth, death, metric, payload
from iot_assets_tests.house import RUN, House, house_in, run_chain
from iot_assets_tests.keeping import taken_in_anew
from iot_assets_tests.lake_builder import NOON, LakeBuilder, Message, at
from iot_assets_tests.warehouse.plain import settle_plainly

if TYPE_CHECKING:
    from pathlib import Path

MS: Final = int(NOON.timestamp()) * 1000
BALANCE: Final = (
    "select (select count(*) from bronze.messages), (select count(*) from silver.outcomes),"
    " (select sum(messages) from silver.outcome_counts)::int"
)


def sent(kind: str, seconds: float, body: bytes, **how: Any) -> Message:
    """A message of the node n of group g, or where kind has a slash of a device of it."""
    message, _, device = kind.partition("/")
    topic = f"spBv1.0/g/{message}/n" + (f"/{device}" if device else "")
    return Message(received_at=at(seconds), topic=topic, payload=body, **how)


def born(seconds: float, *, session: int = 0, **aliases: int) -> Message:
    return sent("NBIRTH", seconds, birth(MS + int(seconds * 1000), session, **aliases))


def data(seconds: float, alias: int, value: float, **how: Any) -> Message:
    return sent("NDATA", seconds, payload(metric(alias=alias, double=value), at=MS + int(seconds * 1000)), **how)


def values(house: House) -> list[tuple[str, float]]:
    return house.ask(
        "select metric, value from silver.readings where metric not in ('bdSeq', 'online') and value <> 0"
        " order by event_at"
    )


def outcomes(house: House) -> list[str]:
    return [row[0] for row in house.ask("select outcome from silver.outcomes order by received_at, message_id")]


def test_held_data_is_read_when_its_birth_arrives(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(data(0, 1, 5.0), data(1, 2, 6.0))
    house.run()
    assert (outcomes(house), values(house)) == (["held", "held"], [])
    lake.land(born(10, a=1, b=2))
    written = house.run()
    assert outcomes(house) == ["telemetry"] * 3
    assert values(house) == [("a", 5.0), ("b", 6.0)]
    assert [w.messages for w in written] == [1, 2]
    assert house.ask(BALANCE) == [(3, 3, 3)]
    assert house.ask("select count(*) from ops.rereads") == [(0,)]
    assert house.ask("select metric, n_valid from gold.readings_1d where metric = 'a'") == [("a", 2)]


def test_a_birth_is_known_to_later_batches_and_a_restart(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(born(0, a=1))
    house.run()
    lake.land(data(1, 1, 5.0))
    assert len(house.run()) == 1
    assert values(house) == [("a", 5.0)]


def test_a_late_birth_changes_what_came_after_it_until_the_next_one(house: House) -> None:
    first, late = LakeBuilder(house.paths), LakeBuilder(house.paths, "late")
    first.land(born(0, a=1), data(1, 1, 1.0), data(11, 1, 2.0), born(20, c=1), data(21, 1, 3.0))
    house.run()
    assert values(house) == [("a", 1.0), ("a", 2.0), ("c", 3.0)]
    late.land(born(10, b=1))
    assert [w.messages for w in house.run()] == [1, 1], "only the one message between the two births is read again"
    assert values(house) == [("a", 1.0), ("b", 2.0), ("c", 3.0)]


def test_a_late_first_birth_is_not_taken_for_data_that_has_one_before(house: House) -> None:
    first, late = LakeBuilder(house.paths), LakeBuilder(house.paths, "late")
    first.land(data(5, 1, 1.0), born(20, b=1))
    house.run()
    assert values(house) == [("b", 1.0)]
    late.land(born(0, a=1))
    house.run()
    assert values(house) == [("a", 1.0)]


def test_a_death_ends_the_devices_that_its_session_knew(house: House) -> None:
    lake, late = LakeBuilder(house.paths), LakeBuilder(house.paths, "late")
    lake.land(born(0, session=3, a=1), sent("DBIRTH/d", 1, payload(at=MS + 1000)), sent("NDEATH", 5, death(3)))
    house.run()
    dead = "select device_id, event_at from silver.readings where metric = 'online' and value = 0 order by all"
    assert house.ask(dead) == [("g/n", at(5)), ("g/n/d", at(5))]
    late.land(born(4, session=4, a=1))
    house.run()
    assert house.ask(dead) == []
    assert outcomes(house)[-1] == "not_telemetry"


def test_rebuilding_a_day_changes_nothing_and_reads_nothing_else_again(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(data(-1, 1, 4.0), born(0, a=1), data(1, 1, 5.0))
    lake.land(data(86_400, 1, 6.0), data(86_401, 1, 7.0))
    house.run()
    before = house.tables()
    house.rebuild(date(2025, 11, 12))
    assert house.tables() == before
    assert house.ask("select count(*) from ops.births") == [(2,)]
    house.rebuild(date(2025, 11, 13))
    assert house.tables() == before


def test_all_orders_of_files_give_the_same_tables(tmp_path: Path, empty_warehouse: Path) -> None:
    files = [[data(0, 1, 1.0)], [born(1, a=1), data(2, 2, 2.0)], [born(3, b=1, c=2), data(4, 1, 3.0)]]
    found = []
    for n, order in enumerate([(0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1)]):
        house = house_in(tmp_path / str(n))
        house.paths.warehouse.parent.mkdir(parents=True, exist_ok=True)
        house.paths.warehouse.write_bytes(empty_warehouse.read_bytes())
        made = [
            LakeBuilder(house.paths, f"lander{k}", 1_760_000_000_000 + k).make(file) for k, file in enumerate(files)
        ]
        for k in order:
            made[k].place()
            house.run()
        found.append(house.tables())
    assert all(tables == found[0] for tables in found)


def test_redelivered_data_is_read_again_and_counts_once(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(data(0, 1, 5.0, packet_id=7))
    lake.land(data(0, 1, 5.0, packet_id=7, session=2, dup=True))
    house.run()
    assert outcomes(house) == ["held", "duplicate"]
    lake.land(born(10, a=1))
    house.run()
    assert outcomes(house) == ["telemetry", "duplicate", "telemetry"]
    assert house.ask("select readings from silver.outcomes order by received_at, message_id")[:2] == [(1,), (1,)]


def test_held_messages_outlive_bronze_and_are_read_in_pieces(house: House) -> None:
    pieces = house.settings.warehouse.model_copy(update={"batch_messages": 2})
    house = House(house.settings.model_copy(update={"warehouse": pieces}))
    lake = LakeBuilder(house.paths)
    lake.land(*(data(n, 1, 1.0 + n) for n in range(5)))
    house.run()
    with house.open() as connection:
        assert prune(connection, bronze_days=1).messages == 0
    lake.land(born(10, a=1))
    assert [w.messages for w in house.run()] == [1, 2, 2, 1]
    assert values(house) == [("a", 1.0 + n) for n in range(5)]


def test_a_message_that_a_rebuild_forgot_while_it_was_to_be_read_again_is_read_once(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(data(0, 1, 5.0), born(1, a=1))
    house.run()
    with house.open() as connection:
        connection.execute("insert into ops.rereads select message_id, received_at from silver.outcomes")
    before = house.tables()
    house.rebuild(date(2025, 11, 12))
    assert house.tables() == before
    assert house.ask("select count(*) from ops.rereads") == [(0,)]


def test_everything_taken_in_anew_gives_the_same_tables(house: House, tmp_path: Path, empty_warehouse: Path) -> None:
    lake, late = LakeBuilder(house.paths), LakeBuilder(house.paths, "late")
    lake.land(data(0, 9, 1.0), born(5, a=1), data(6, 1, 2.0), data(7, 2, 3.0))
    house.run()
    late.land(born(6.5, a=2, b=1))
    house.run()
    assert taken_in_anew(house, tmp_path / "anew", empty_warehouse).tables() == house.tables()


def test_what_only_a_duplicate_says_after_a_late_birth_comes_back(house: House) -> None:
    lake, late = LakeBuilder(house.paths), LakeBuilder(house.paths, "late")
    same = payload(metric(alias=1, double=5.0), at=MS + 1000)
    lake.land(sent("NDATA", 1, same), born(10, a=1), sent("NDATA", 11, same))
    house.run()
    assert outcomes(house) == ["telemetry", "telemetry", "duplicate"]
    late.land(born(0, b=1))
    house.run()
    assert sorted(values(house)) == [("a", 5.0), ("b", 5.0)]
    assert outcomes(house) == ["telemetry"] * 4
    assert house.ask(BALANCE) == [(4, 4, 4)]


def test_a_late_birth_that_says_the_same_outdates_nothing(house: House) -> None:
    lake, late = LakeBuilder(house.paths), LakeBuilder(house.paths, "late")
    lake.land(born(0, a=1), data(61, 1, 5.0))
    house.run()
    late.land(born(30, a=1))
    with house.open() as connection:
        _, written, healed = run_chain(connection, house.settings)
    assert [w.messages for w in written] == [1, 1], "the data is read again"
    assert healed.written["gold.readings_1min"] == 3, "those of the birth's own a, bdSeq and online"


def test_by_which_route_a_device_was_heard_does_not_depend_on_what_a_birth_makes_of_its_message(tmp_path: Path) -> None:
    def numbered(seconds: float, names: bytes) -> Message:
        return Message(
            received_at=at(seconds), topic="plain", payload=b'+[{"topic": "x", "part": "", "names": ' + names + b"}]"
        )

    data = Message(received_at=at(5), topic="x", payload=b'#[["1", null, 7]]')
    early, late = numbered(0, b"{}"), numbered(10, b'{"1": "m"}')
    routes = []
    for landed in ((data, late), (early,)), ((early, data, late),):
        house = house_in(tmp_path / str(len(landed)))
        lake = LakeBuilder(house.paths)
        with house.open() as connection:
            for messages in landed:
                lake.land(*messages)
                list(bronze.enter(connection, house.paths, run_id=RUN, most_messages=1000))
                settle_plainly(connection)
        assert house.ask("select reason from silver.rejects") == [("unknown_alias",)]
        routes.append(house.ask("from silver.device_routes"))
    assert routes == [[("x", "plain")]] * 2
