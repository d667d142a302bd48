"""Records in JSON: several in a message are read as each would be alone; the topic may say the metric."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iot_assets.decoders.decoded import Decoded
from iot_assets.decoders.routes import Route
from iot_assets_tests.decoders.batches import decoded, readings, reason, rejects, values

EACH = Route("plant/{device}", "flat_json", {"each": ["inner.list", "list"]})
IN_TOPIC = Route("house/{device}/{metric#}", "bare_value")

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)
RECORDS = st.lists(
    st.dictionaries(
        st.sampled_from(["a", "b", "c", "a.b"]),
        LEAVES | st.dictionaries(st.sampled_from("abc"), LEAVES, max_size=2) | st.lists(LEAVES, max_size=2),
        max_size=4,
    ).flatmap(lambda record: st.integers(1_600_000_000, 1_700_000_000).map(lambda ts: {"ts": ts, **record})),
    max_size=5,
)


def facts(result: Decoded) -> list[Any]:
    """What was read, in the order of the text, but for the place in the message."""
    left_out = {"row", "position"}
    return [{name: value for name, value in r.items() if name not in left_out} for r in readings(result)]


@given(records=RECORDS)
@settings(max_examples=30)
def test_an_array_gives_what_its_records_give_alone(records: list[dict[str, Any]]) -> None:
    array = decoded([("devices/d/x", json.dumps(records).encode())])
    alone = decoded([("devices/d/x", json.dumps(record).encode()) for record in records])
    assert facts(array) == facts(alone)
    positions = [r["position"] for r in readings(array)]
    assert positions == sorted(set(positions))
    assert rejects(array).get(0) == (None if facts(alone) else "missing_value")


@given(records=RECORDS)
@settings(max_examples=20)
def test_what_a_record_lacks_is_taken_from_around_the_array(records: list[dict[str, Any]]) -> None:
    around = {"ts": 1_650_000_000, "inner": {"list": [{k: v for k, v in r.items() if k != "ts"} for r in records]}}
    inside = {"list": [{**r, "ts": 1_650_000_000} for r in records]}
    inherited, own = (decoded([("plant/d", json.dumps(m).encode())], EACH) for m in (around, inside))
    assert facts(inherited) == facts(own)
    assert rejects(inherited) == rejects(own)


def test_one_bad_record_leaves_its_neighbours_alone() -> None:
    messages = [
        ("devices/d/x", b'[{"a":1,"ts":"soon"},{"a":2},[{"a":3}],{"a":NaN,"b":4}]'),
        ("devices/d/x", b'{"a":5}'),
        ("devices/d/x", b"[{},{}]"),
    ]
    result = decoded(messages)
    assert [(r["row"], r["metric"], r["value"]) for r in readings(result)] == [
        (0, "a", 2.0),
        (0, "b", 4.0),
        (1, "a", 5.0),
    ]
    assert rejects(result) == {0: "not_an_object", 2: "missing_value"}
    details = {r["row"]: r["detail"] for r in result.rejects.to_pylist()}
    assert details[0] == 'a record begins [{"a":3}] (and 2 more)'


def test_a_value_is_never_taken_from_around_the_array() -> None:
    route = Route("x/{device}", "sensor_value", {"each": "list", "metric_field": "m"})
    result = decoded([("x/d", b'{"value":9,"unit":"V","m":"u","list":[{"value":1},{"m":"i","unit":"A"}]}')], route)
    assert [(r["metric"], r["value"], r["unit"]) for r in readings(result)] == [("u", 1.0, "V")]
    assert rejects(result) == {0: "missing_value"}


def test_a_great_array_is_read_in_one_go() -> None:
    body = json.dumps([{"ts": 1_700_000_000 + n, "a": n} for n in range(20_000)]).encode()
    assert len(readings(decoded([("devices/d/x", body)]))) == 20_000


def test_metrics_are_taken_from_the_declared_object_only() -> None:
    route = Route("x/{device}", "flat_json", {"fields": ["data.now", "data"], "time_field": ["data.at", "data.now.at"]})
    at, later = 1_700_000_000, 1_700_000_060
    assert values(decoded([("x/d", b'{"fw":1,"data":{"at":%d,"t":2}}' % at)], route)) == {"t": 2.0}
    result = decoded([("x/d", b'{"fw":1,"data":{"now":{"at":%d,"t":2},"t":3}}' % later)], route)
    assert values(result) == {"t": 2.0}
    assert {r["event_at"].timestamp() for r in readings(result)} == {later}
    assert reason(b'{"fw":1,"data":[2]}', route, topic="x/d") == "missing_value"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"21.5", 21.5),
        (b"\xef\xbb\xbf21.5", 21.5),
        (b"-1e3\n", -1000.0),
        (b"007", 7.0),
        (b".5", 0.5),
        (b"0x10", "0x10"),
        (b"1_000", "1_000"),
        (b"12 W", "12 W"),
        (b"FALSE", 0.0),
        (b'"true"', "true"),
        (b"on", "on"),
        (b"a\tb", "a\tb"),
        ("größer".encode(), "größer"),
    ],
)
def test_a_bare_value(payload: bytes, expected: float | str) -> None:
    assert values(decoded([("house/d/hall/t", payload)], IN_TOPIC)) == {"hall.t": expected}


def test_bare_values_objects_and_arrays_may_come_on_the_same_topics() -> None:
    payloads = [b"1", b'{"a":2}', b'[{"a":3},{"a":4,"ts":1700000000}]', b"{", b"[", b'"x"']
    result = decoded([("house/d/m", payload) for payload in payloads], IN_TOPIC)
    assert [(r["row"], r["metric"], r["value"], r["value_text"]) for r in readings(result)] == [
        (0, "m", 1.0, None),
        (1, "m.a", 2.0, None),
        (2, "m.a", 3.0, None),
        (2, "m.a", 4.0, None),
        (5, "m", None, "x"),
    ]
    assert rejects(result) == {3: "malformed_json", 4: "malformed_json"}


def test_a_metric_in_the_topic_that_cannot_be_one() -> None:
    result = decoded([("house/d/", b"1"), ("house/d/" + "m" * 201, b"1"), ("house/d/ok", b"1")], IN_TOPIC)
    assert rejects(result) == {0: "bad_metric", 1: "bad_metric"}


def test_other_names_hold_for_units_limits_and_what_is_kept() -> None:
    options = {
        "rename": {"T": "temperature", "t": "temperature"},
        "keep": "temperature",
        "limits": {"temperature": [0, 9]},
    }
    route = Route("x/{device}", "flat_json", options)
    result = decoded([("x/d", b'{"T":1,"h":2}'), ("x/d", b'{"t":10,"T":3}'), ("x/d", b'{"T":"warm"}')], route)
    assert [(r["metric"], r["value"], r["flags"]) for r in readings(result)] == [
        ("temperature", 1.0, []),
        ("temperature", 10.0, ["out_of_range"]),
    ]
    assert rejects(result) == {2: "bad_value"}


def test_the_three_shapes_of_a_device_event_give_the_same_readings() -> None:
    facts_told = b'"energy_consumption":1.5,"battery_level":50'
    shapes = [
        b'{"timestamp":"2025-11-12T08:00:00Z","latitude":1,"longitude":2,"anomaly":true,%s}',
        b'{"timestamp":"2025-11-12T08:00:00+00:00","location":{"longitude":2,"latitude":1},"anomaly_detected":true,%s}',
        b'{"timestamp":"2025-11-12T09:00:00+01:00","is_anomaly":true,"latitude":1,"longitude":2,%s}',
    ]
    shapes = [shape % (b'"device_id":"d",' + facts_told) for shape in shapes]
    told = [sorted(map(repr, facts(decoded([("device_events/x", shape)])))) for shape in shapes]
    assert told[0] == told[1] == told[2]
