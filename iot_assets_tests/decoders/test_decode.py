"""A batch of messages: each comes out exactly once, whatever its neighbours are."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest

from iot_assets.decoders import conventions
from iot_assets.decoders import decode as decoding
from iot_assets.decoders.decode import decode
from iot_assets.decoders.decoded import BIRTHS_SCHEMA, Bounds, Decoded
from iot_assets.decoders.routes import Route, RouteTable
from iot_assets.lake.landed import LANDED_SCHEMA, REGISTRY_SOURCE
from iot_assets_tests.decoders.batches import NOW, batch, checked, decoded, readings, rejects, values
from iot_assets_tests.decoders.test_golden import CASES

GOOD = b'{"id":"a","dt":"2025-11-12T08:00:00Z","value":1}'
#: Conventions in which a message means the same whatever came before.
PAYLOADS = [
    ((case / "topic").read_text().strip(), (case / "payload").read_bytes())
    for case in CASES
    if conventions.CONVENTIONS[case.parent.name].engine.births is None
]


def facts(result: Decoded, rows: list[int] | None = None) -> list[Any]:
    """Everything that was found, without order; row n stands for ``rows[n]``, where given."""

    def named(table: pa.Table) -> list[tuple[int, str]]:
        found = [(r.pop("row"), repr(r)) for r in table.to_pylist()]
        return sorted((row if rows is None else rows[row], shown) for row, shown in found)

    return [named(result.readings), named(result.rejects), named(result.outcomes)]


def test_no_messages_give_no_rows_with_all_columns() -> None:
    result = checked(decode(LANDED_SCHEMA.empty_table(), RouteTable(), Bounds()), 0)
    assert len(result.readings) == len(result.rejects) == len(result.outcomes) == len(result.announcements) == 0
    assert result.births.schema.equals(BIRTHS_SCHEMA)


def test_a_batch_decoded_in_parts_at_once_gives_the_same_as_in_one() -> None:
    everything = [((case / "topic").read_text().strip(), (case / "payload").read_bytes()) for case in CASES]
    messages = batch([*everything, ("nowhere", b"{"), *everything])
    whole, parts = (decode(messages, RouteTable(), Bounds(), threads=threads) for threads in (1, 3))
    assert facts(checked(parts, len(messages))) == facts(whole)
    for name in ("announcements", "announced_metrics", "births"):  # each names its message; their order says nothing
        told, expected = (sorted(getattr(one, name).to_pylist(), key=repr) for one in (parts, whole))
        assert told == expected


def test_the_outcome_names_route_and_decoder() -> None:
    result = decoded([("sensors/x", GOOD), ("nowhere", GOOD), ("telemetry", b"{")])
    assert result.outcomes.to_pylist() == [
        {
            "row": 0,
            "status": "readings",
            "route": "sensors/{name}",
            "decoder": "sensor_value",
            "sender": None,
            "keep_all": None,
        },
        {"row": 1, "status": "rejected", "route": None, "decoder": None, "sender": None, "keep_all": None},
        {
            "row": 2,
            "status": "rejected",
            "route": "telemetry/#",
            "decoder": "telemetry",
            "sender": None,
            "keep_all": None,
        },
    ]
    assert rejects(result) == {1: "no_route", 2: "malformed_json"}


def test_a_batch_gives_what_its_messages_give_one_by_one() -> None:
    whole = facts(decoded(PAYLOADS))
    single = [facts(decoded([message]), [row]) for row, message in enumerate(PAYLOADS)]
    assert whole == [sorted(fact for one in single for fact in one[kind]) for kind in range(3)]


def test_the_order_of_a_batch_does_not_matter() -> None:
    order = list(range(len(PAYLOADS)))
    random.Random(5).shuffle(order)
    assert facts(decoded([PAYLOADS[n] for n in order]), order) == facts(decoded(PAYLOADS))


def test_a_batch_may_come_in_chunks_of_any_size() -> None:
    whole = batch(PAYLOADS)
    chunks = pa.concat_tables([whole.slice(0, 0), whole.slice(0, 7), whole.slice(7, 1), whole.slice(8)])
    assert facts(decode(chunks, RouteTable(), Bounds())) == facts(decode(whole, RouteTable(), Bounds()))


def test_more_messages_than_are_assembled_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = facts(decoded(PAYLOADS))
    monkeypatch.setattr("iot_assets.decoders.assemble._AT_A_TIME", 3)
    assert facts(decoded(PAYLOADS)) == whole


def test_a_fault_of_ours_rejects_only_the_messages_that_cause_it(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = conventions.CONVENTIONS["sensor_value"].engine

    def read(con: Any, options: Any, bounds: Bounds) -> Any:
        if con.execute("select count(*) from intake where payload = 'poison'::blob").fetchone()[0]:
            raise RuntimeError("a fault of ours")
        return engine.read(con, options, bounds)

    broken = replace(conventions.CONVENTIONS["sensor_value"], engine=replace(engine, read=read))
    monkeypatch.setattr("iot_assets.decoders.routes.CONVENTIONS", {**conventions.CONVENTIONS, "sensor_value": broken})
    messages = [("sensors", GOOD)] * 9
    messages[2] = messages[7] = ("sensors", b"poison")
    result = decoded(messages)
    assert rejects(result) == {2: "decoder_failed", 7: "decoder_failed"}
    assert result.rejects["detail"].to_pylist() == ["RuntimeError: a fault of ours"] * 2
    assert len(readings(result)) == 7


def test_a_decoder_that_always_fails_is_not_asked_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def never(*_: Any) -> Any:
        asked.append(1)
        raise MemoryError

    monkeypatch.setattr(decoding, "_attempt", never)
    monkeypatch.setattr(decoding, "_MOST_SINGLE_FAILURES", 3)
    result = decoded([("sensors", GOOD)] * 500)
    assert set(rejects(result).values()) == {"decoder_failed"}
    assert len(asked) < 40


def test_a_registry_is_no_telemetry() -> None:
    result = decoded([("any/topic", b'{"sensors":[{"id":"a"}]}'), ("sensors", b"{")], source=REGISTRY_SOURCE)
    assert result.outcomes["status"].to_pylist() == ["not_telemetry", "rejected"]
    assert result.outcomes["decoder"].to_pylist() == [REGISTRY_SOURCE] * 2
    assert rejects(result) == {1: "malformed_json"}


def test_the_bounds_are_inclusive() -> None:
    bounds = Bounds(max_payload_bytes=len(GOOD), stale_days=1, future_minutes=2)
    times = [NOW - timedelta(days=1), NOW - timedelta(days=1, microseconds=1)]
    times += [NOW + timedelta(minutes=2), NOW + timedelta(minutes=2, microseconds=1)]
    messages = [("sensors", f'{{"id":"a","dt":"{at.isoformat()}","value":1}}'.encode()) for at in times]
    result = decoded(
        [*messages, ("sensors", GOOD), ("sensors", GOOD + b" ")], bounds=replace(bounds, max_payload_bytes=80)
    )
    flags = [reading["flags"] for reading in readings(result)]
    assert flags[:4] == [[], ["stale"], [], ["clock_suspect"]]
    assert rejects(decoded([("sensors", GOOD), ("sensors", GOOD + b" ")], bounds=bounds)) == {1: "payload_too_large"}


def test_two_routes_with_equal_options_are_decoded_together() -> None:
    table = RouteTable([Route("a", "flat_json"), Route("b", "flat_json"), Route("c", "flat_json", {"prefix": "x"})])
    assert table.group_of[0] == table.group_of[1] != table.group_of[2]


def test_the_first_reading_of_a_metric_counts() -> None:
    result = decoded([("devices/d/x", b'{"a":{"b":1},"a.b":2,"c":3,"c":null,"a":5}')])
    assert values(result) == {"a.b": 1.0, "c": 3.0, "a": 5.0}
