"""What is posted to ``/ingest/{source}`` is read by its content type, under the device it names or else the source."""

from __future__ import annotations

import gzip

import pyarrow as pa
import pytest

from iot_assets.decoders.decode import decode
from iot_assets.decoders.decoded import Bounds
from iot_assets.decoders.routes import RouteTable
from iot_assets_tests.decoders.batches import batch, checked, readings

JSON = b'{"ts": 1762937940, "t": 21.5}'


@pytest.mark.parametrize(
    ("content_type", "body", "device", "metric"),
    [
        ("application/json", JSON, "kitchen", "t"),
        (None, JSON, "kitchen", "t"),
        ("application/x-www-form-urlencoded", JSON, "kitchen", "t"),
        ("application/json", b'{"device": "stove", "t": 21.5}', "stove", "t"),
        ("application/json; charset=utf-8", b"[" + JSON + b"]", "kitchen", "t"),
        ("application/x-ndjson", JSON + b"\n" + JSON, "kitchen", "t"),
        ("application/json", gzip.compress(JSON), "kitchen", "t"),
        ("text/plain; charset=utf-8", b"air,host=stove t=21.5 1762937940", "stove", "air.t"),
        ("text/plain", b"air t=21.5 1762937940", "kitchen", "air.t"),
        ("application/senml+json", b'[{"bn":"stove:","n":"t","v":21.5}]', "stove", "t"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_body_is_read_by_its_content_type(content_type: str | None, body: bytes, device: str, metric: str) -> None:
    messages = batch([("/ingest/kitchen", body), ("/ingest/kitchen", b"nonsense")])
    kinds = messages.schema.get_field_index("content_type")
    messages = messages.set_column(kinds, "content_type", pa.array([content_type, content_type], pa.string()))
    result = checked(decode(messages, RouteTable(), Bounds()), 2)
    found = {(reading["device_id"], reading["metric"], reading["value"]) for reading in readings(result)}
    assert found == {(device, metric, 21.5)}
    assert result.rejects["row"].to_pylist() == [1]
