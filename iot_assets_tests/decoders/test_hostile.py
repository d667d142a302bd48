"""Hostile input: it costs time, never the process, and never a neighbour."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iot_assets.decoders.decode import decode
from iot_assets.decoders.decoded import Bounds
from iot_assets.decoders.json_flat import MAX_DEPTH
from iot_assets.decoders.routes import Route, RouteTable
from iot_assets_tests.decoders.batches import batch, checked, decoded, reason, rejects, values
from iot_assets_tests.decoders.test_decode import facts

LARGE = Bounds(max_payload_bytes=1 << 26)
TOPICS = ("sensors", "sensors/x", "telemetry/y", "devices/d/z", "nowhere")
NEIGHBOUR = ("devices/d/z", b'{"a":1}')


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"[" * 100_000, "malformed_json"),
        (b'{"a":' * 100_000, "malformed_json"),
        (b"[" * 100_000 + b"]" * 100_000, "not_an_object"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "bad_metric"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "missing_value"),
        (b'{"a":' + b"9" * 1_000_000 + b"}", "bad_value"),
        (b'{"a":0.' + b"9" * 1_000_000 + b"}", None),
        (b'{"a":1e999999999}', "bad_value"),
        (b"x" * 10_000_000, "malformed_json"),
        (b"\0" * 1000, "malformed_json"),
        (b'{"a":1}\0', "malformed_json"),
        (b'{"a\0":1}', "malformed_json"),
        (b'{"a":"\xed\xa0\x80"}', "not_utf8"),
        (b"\xff\xfe{\0}\0", "not_utf8"),
        (b'{"a":1}{"a":2}', "malformed_json"),
        (b"{'a':1}", "malformed_json"),
        (b'{"a":01}', "malformed_json"),
        (b'/**/{"a":1}', "malformed_json"),
        (b"   ", "malformed_json"),
        (b"null", "not_an_object"),
        (b"NaN", "not_an_object"),
        (b'"{}"', "not_an_object"),
        (b"{}", "missing_value"),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else None,
)
def test_poison_leaves_its_neighbours_alone(payload: bytes, expected: str | None) -> None:
    result = decoded([NEIGHBOUR, ("devices/d/z", payload), NEIGHBOUR], bounds=LARGE)
    assert rejects(result) == ({1: expected} if expected else {})
    assert values(result, 0) == values(result, 2) == {"a": 1.0}


def test_ten_megabytes_are_too_large_by_default() -> None:
    assert reason(b'{"id":"' + b"x" * 10_000_000 + b'"}') == "payload_too_large"


def test_objects_are_followed_to_a_bound() -> None:
    def nested(depth: int) -> bytes:
        return b'{"a":' * (depth + 1) + b"1" + b"}" * (depth + 1)

    result = decoded([("devices/d/z", nested(MAX_DEPTH)), ("devices/d/z", nested(MAX_DEPTH + 1))])
    assert values(result, 0) == {".".join("a" * (MAX_DEPTH + 1)): 1.0}
    assert rejects(result) == {1: "bad_metric"}


def test_thousands_of_keys_are_thousands_of_metrics() -> None:
    wide = {f"key {n}": n for n in range(20_000)}
    result = decoded([("devices/d/z", json.dumps(wide).encode()), NEIGHBOUR])
    assert values(result, 0) == wide
    repeated = b"{" + b",".join(b'"a":%d' % n for n in range(20_000)) + b"}"
    assert values(decoded([("devices/d/z", repeated)])) == {"a": 0.0}


def test_a_topic_may_hold_anything() -> None:
    topics = [
        "devices/'; drop table x --/y",
        "devices//y",
        "devices/\x01/y",
        "devices/" + "d" * 201 + "/y",
        "devices/{device}/y",
    ]
    result = decoded([(topic, b'{"a":1}') for topic in topics])
    assert rejects(result) == {1: "missing_device", 2: "bad_device", 3: "bad_device"}
    assert result.readings["device_id"].to_pylist() == ["'; drop table x --", "{device}"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["id", "sensor_id", "device_id", "dt", "timestamp", "value", "type", "unit", "location", "lat", "temperature"]
)
OBJECTS = st.dictionaries(NAMES | st.text(max_size=5), JSON, max_size=8).map(
    lambda tree: json.dumps(tree).encode("utf-8", "replace")
)
BROKEN = st.tuples(OBJECTS, st.integers(0, 60), st.binary(max_size=3)).map(lambda t: t[0][: t[1]] + t[2] + t[0][t[1] :])
MESSAGES = st.lists(
    st.tuples(st.sampled_from(TOPICS), OBJECTS | BROKEN | st.binary(max_size=40)), min_size=1, max_size=40
)
ODD_ROUTE = Route(
    "sensors/{name}",
    "flat_json",
    {
        "device": "{name}-{device}",
        "timezone": "Europe/Berlin",
        "keep": ["value", "t"],
        "strings": "number",
        "limits": {"t": [None, 3]},
    },
)


@given(messages=MESSAGES, cut=st.integers(0, 40))
@settings(max_examples=20)
def test_any_bytes_come_out_exactly_once_and_alone(messages: list[tuple[str, bytes]], cut: int) -> None:
    routes, bounds = RouteTable([ODD_ROUTE]), Bounds()
    whole = checked(decode(batch(messages), routes, bounds), len(messages))
    assert "decoder_failed" not in rejects(whole).values()
    rows = list(range(len(messages)))
    first, second = (
        facts(decode(batch(messages[part]), routes, bounds), rows[part]) for part in (slice(cut), slice(cut, None))
    )
    assert facts(whole) == [sorted(a + b) for a, b in zip(first, second, strict=True)]


@given(topics=st.lists(st.text(max_size=20), max_size=20))
@settings(max_examples=20)
def test_any_topic_has_one_outcome(topics: list[str]) -> None:
    legal = [topic for topic in topics if topic.isprintable()]
    decoded([(f"devices/{topic}", b'{"a":1}') for topic in legal] + [(topic, b"{}") for topic in legal])
