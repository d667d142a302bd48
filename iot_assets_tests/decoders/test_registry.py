"""The device registry: shapes that people write, taken whole or refused with a reason that names the entry."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iot_assets.decoders.registry import (
    DEVICES_SCHEMA,
    METRICS_SCHEMA,
    RegistryFault,
    RegistrySnapshot,
    decode_registry,
)
from iot_assets.model import REJECT_REASONS

ENTRY = {"lat": 47, "lng": 8.5, "type": "temperature", "unit": "Cel", "range": [-20, 60], "description": "Roof"}


def snapshot(tree: Any) -> RegistrySnapshot:
    found = decode_registry(json.dumps(tree).encode(), "sensors.json")
    assert isinstance(found, RegistrySnapshot), found
    assert found.devices.schema.equals(DEVICES_SCHEMA)
    assert found.metrics.schema.equals(METRICS_SCHEMA)
    return found


def told(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


@pytest.mark.parametrize(
    "tree",
    [
        {"S 1": ENTRY},
        {"sensors": {"S 1": ENTRY}},
        {"sensors": [{"id": "S 1", **ENTRY}]},
        {"version": 2, "devices": [{"device_id": "S 1", **ENTRY}]},
        [{"sensor_id": "S 1", **ENTRY}],
        [{"id": "S 1", "type": "temperature", "unit": "°C", "location": {"latitude": 47, "longitude": 8.5},
          "range": {"min": -20, "max": 60}, "description": "Roof"}],
    ],
)  # fmt: skip
def test_all_shapes_say_the_same(tree: Any) -> None:
    found = snapshot(tree)
    assert [told(row) for row in found.devices.to_pylist()] == [
        {"device_id": "S 1", "kind": "temperature", "lat": 47.0, "lon": 8.5, "attributes": '{"description": "Roof"}'}
    ]
    assert found.metrics.to_pylist() == [
        {"device_id": "S 1", "metric": metric, "unit": "Cel", "min": -20.0, "max": 60.0, "description": "Roof"}
        for metric in ("temperature", "value")
    ]


def test_limits_without_a_metric_are_of_the_one_thing_that_the_device_measures() -> None:
    found = snapshot({"a": {"min": 1}, "b": {"type": "t", "max": 2}, "c": {"metric": "m", "type": "t", "max": 3}})
    assert [(row["device_id"], row["metric"]) for row in found.metrics.to_pylist()] == [
        ("a", "value"), ("b", "t"), ("b", "value"), ("c", "m"),
    ]  # fmt: skip


def test_an_entry_may_say_much_more() -> None:
    found = snapshot(
        [
            {
                "id": 7, "kind": "pump", "vendor": "Acme", "model": "P7", "site": "north", "firmware": "1.2",
                "installed_at": "2024-05-01T10:00:00+02:00", "interval_s": 60, "floor": 3, "tags": ["wet"],
                "metrics": {"flow": {"unit": "L/min", "min": 0}, "power": {"unit": "W", "range": [0, 900]}},
            }
        ]
    )  # fmt: skip
    assert told(found.devices.to_pylist()[0]) == {
        "device_id": "7", "kind": "pump", "manufacturer": "Acme", "model": "P7", "site": "north", "firmware": "1.2",
        "installed_at": datetime(2024, 5, 1, 8, tzinfo=UTC), "expected_interval_s": 60.0,
        "attributes": '{"floor": 3, "tags": ["wet"]}',
    }  # fmt: skip
    assert [told(row) for row in found.metrics.to_pylist()] == [
        {"device_id": "7", "metric": "flow", "unit": "L/min", "min": 0.0},
        {"device_id": "7", "metric": "power", "unit": "W", "min": 0.0, "max": 900.0},
    ]


def test_metrics_may_be_a_list_and_a_device_may_have_none() -> None:
    found = snapshot({"a": {"metrics": [{"name": "x"}, {"metric": "y"}]}, "b": {}})
    assert found.devices["device_id"].to_pylist() == ["a", "b"]
    assert found.metrics["metric"].to_pylist() == ["x", "y"]


def test_an_empty_registry_declares_nothing() -> None:
    assert len(snapshot({}).devices) == len(snapshot([]).devices) == 0


@pytest.mark.parametrize(
    ("payload", "reason", "words"),
    [
        (b"", "empty_payload", ""),
        (b"\xff", "not_utf8", ""),
        (b"[" * 100_000, "malformed_json", ""),
        (b'{"a":{}', "malformed_json", ""),
        (b'{"a":{},"a":{}}', "malformed_json", "'a' stands twice"),
        (b'{"a":{"site":"\\ud800"}}', "malformed_json", ""),
        (b"3", "not_an_object", ""),
        (b'{"a":3}', "not_an_object", "'3'"),
        (b'[{"name":"a"}]', "missing_device", "name"),
        (b'{" ":{}}', "missing_device", ""),
        (b'[{"id":true}]', "missing_device", ""),
        (b'{"tab\\there":{}}', "bad_device", "tab"),
        (b'[{"id":"a"},{"id":"a"}]', "bad_device", "a is declared 2 times"),
        (b'{"a":{"lat":"47"}}', "bad_value", "a: lat is '47'"),
        (b'{"a":{"lat":NaN}}', "bad_value", "NaN"),
        (b'{"a":{"lat":91}}', "bad_value", "90"),
        (b'{"a":{"lng":1e400}}', "bad_value", "inf"),
        (b'{"a":{"expected_interval_s":0}}', "bad_value", "interval"),
        (b'{"a":{"site":["x"]}}', "bad_value", "site"),
        (b'{"a":{"type":"t","range":[5,1]}}', "bad_value", "min 5.0 is more than max 1.0"),
        (b'{"a":{"type":"t","range":"wide"}}', "bad_value", "a, t: range"),
        (b'{"a":{"type":"t","min":' + b"1" * 400 + b"}}", "bad_value", "a, t: min"),
        (b'{"a":{"metrics":[{}]}}', "bad_metric", "a"),
        (b'{"a":{"metrics":3}}', "bad_metric", "a"),
        (b'{"a":{"metrics":[{"name":"x"},{"name":"x"}]}}', "bad_metric", "a, x is declared 2 times"),
        (b'{"a":{"installed_at":"yesterday"}}', "bad_time", "yesterday"),
        (b'{"a":{"installed_at":"9999-12-31T23:59:59-10:00"}}', "bad_time", "a"),
    ],
)
def test_a_registry_with_a_fault_is_refused_whole(payload: bytes, reason: str, words: str) -> None:
    found = decode_registry(payload, "sensors.json")
    assert isinstance(found, RegistryFault)
    assert found.detail.startswith("sensors.json: ")
    assert found.reason == reason
    assert words in found.detail


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "sensors", "type", "range", "min", "lat", "metrics", "location", "installed_at"])
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(payload=JSON.map(lambda tree: json.dumps(tree).encode()) | st.binary(max_size=60))
@settings(max_examples=300)
def test_any_bytes_are_a_registry_or_a_reason(payload: bytes) -> None:
    found = decode_registry(payload, "sensors.json")
    if isinstance(found, RegistryFault):
        assert found.reason in set(REJECT_REASONS) - {"decoder_failed"}, found
