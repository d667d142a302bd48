"""What conventions of network servers and gateways say that one payload alone cannot show."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from iot_assets.decoders.decode import decode
from iot_assets.decoders.decoded import Bounds, Decoded
from iot_assets.decoders.routes import Route, RouteTable
from iot_assets_tests.decoders.batches import batch, checked, decoded, readings, rejects, values


def sent_with(topic: str, payload: bytes, *routes: Route, content_type: str | None, attributes: Any) -> Decoded:
    """Decode one message that came with a content type and with properties or headers."""
    table = batch([(topic, payload)])
    for name, value in (("content_type", content_type), ("attributes", attributes and json.dumps(attributes))):
        table = table.set_column(table.schema.get_field_index(name), name, pa.array([value], pa.string()))
    return checked(decode(table, RouteTable(routes), Bounds()), 1)


EVENT = {"specversion": "1.0", "id": "1", "source": "/barn/12", "type": "t", "time": "2025-11-12T08:00:00Z"}


@pytest.mark.parametrize(
    "beside", [EVENT, {"headers": {f"ce-{name}": value for name, value in EVENT.items()}}], ids=["mqtt", "http"]
)
def test_a_cloud_event_in_binary_mode_has_its_envelope_beside_it(beside: Any) -> None:
    result = sent_with("cloudevents/x", b'{"t": 21.5}', content_type="application/json", attributes=beside)
    (reading,) = readings(result)
    assert (reading["device_id"], reading["metric"], reading["value"]) == ("/barn/12", "t", 21.5)
    assert (reading["event_at"].hour, reading["declared_id"]) == (8, "/barn/12 1")


def test_headers_of_a_cloud_event_are_percent_encoded() -> None:
    beside = {"headers": {"ce-specversion": "1.0", "ce-source": "/caf%C3%A9", "ce-id": "1"}}
    result = sent_with("cloudevents/x", b"7", content_type="application/json", attributes=beside)
    assert readings(result)[0]["device_id"] == "/café"


def test_a_cloud_event_in_binary_mode_may_be_plain_text_or_nothing_that_is_read() -> None:
    said = {kind: sent_with("cloudevents/x", b"on", content_type=kind, attributes=EVENT) for kind in KINDS}
    assert values(said["text/plain; charset=utf-8"]) == {"value": "on"}
    assert rejects(said["application/xml"]) == {0: "unread_content"}
    assert rejects(said["application/json"]) == {0: "malformed_json"}


KINDS = ("text/plain; charset=utf-8", "application/xml", "application/json")


def test_a_structured_cloud_event_is_told_by_its_content_type_whatever_travels_beside() -> None:
    body = json.dumps({**EVENT, "source": "/inner", "data": 3}).encode()
    kind = "application/cloudevents+json; charset=utf-8"
    result = sent_with("cloudevents/x", body, content_type=kind, attributes=EVENT)
    assert [(r["device_id"], r["value"]) for r in readings(result)] == [("/inner", 3)]


def test_chirpstack_over_http_names_the_event_in_the_query_and_the_device_in_the_body() -> None:
    body = json.dumps({"deviceInfo": {"devEui": "01"}, "margin": 7, "batteryLevel": 50}).encode()
    route = Route("/ingest/chirpstack", "chirpstack")
    for query in ({"event": "status"}, {}):
        result = sent_with("/ingest/chirpstack", body, route, content_type=None, attributes={"query": query})
        assert {r["device_id"] for r in readings(result)} == {"01"}
        assert values(result)["batteryLevel"] == 50


def test_the_things_stack_as_a_webhook_names_the_device_in_the_body() -> None:
    body = {"end_device_ids": {"device_id": "dev1"}, "uplink_message": {"decoded_payload": {"t": 1}}}
    result = decoded([("/ingest/tts", json.dumps(body).encode())], Route("/ingest/tts", "thethingsstack"))
    assert {r["device_id"] for r in readings(result)} == {"dev1"}


def test_a_mesh_packet_that_two_gateways_heard_is_one_by_its_id() -> None:
    packet = {"from": 1, "id": 99, "type": "telemetry", "payload": {"voltage": 4.1}}
    heard = [("!0000000a", 1_762_934_400), ("!0000000b", 1_762_934_403)]
    messages = [
        (f"msh/EU_868/2/json/LongFast/{gateway}", json.dumps({**packet, "timestamp": at}).encode())
        for gateway, at in heard
    ]
    found = readings(decoded(messages))
    assert {(r["device_id"], r["metric"], r["declared_id"]) for r in found} == {("!00000001", "voltage", "99")}
    assert len({r["event_at"] for r in found}) == 2


def test_half_of_a_surrogate_pair_is_no_json() -> None:
    assert rejects(decoded([("cloudevents/x", rb'{"specversion": "1.0", "data": "\ud83d"}')])) == {0: "malformed_json"}
    assert values(decoded([("cloudevents/x", rb'{"specversion":"1.0","source":"s","data":"\ud83d\ude00"}')])) == {
        "value": "😀"
    }


def test_what_is_nested_too_deep_is_a_fault_of_its_own() -> None:
    deep = '{"a":' * 40 + "1" + "}" * 40
    body = f'{{"specversion": "1.0", "source": "s", "data": {{"good": 1, "deep": {deep}}}}}'
    result = decoded([("cloudevents/x", body.encode())])
    assert values(result) == {"good": 1}
    assert rejects(result) == {0: "bad_metric"}
