"""Announcements are told under the device ids that readings have, whatever the routes say these are."""

from __future__ import annotations

import json

from iot_assets.decoders.routes import Route
from iot_assets_tests.decoders.batches import decoded, readings

DISCOVERY = {
    "state_topic": "plant/hall-3/pump/state",
    "value_template": "{{ value_json.flow }}",
    "unit_of_measurement": "L/min",
    "device": {"name": "The pump", "manufacturer": "Acme"},
}
ANNOUNCED = ("homeassistant/sensor/pump_flow/config", json.dumps(DISCOVERY).encode())


def test_a_discovered_device_has_the_id_of_its_readings_under_a_route_of_the_users() -> None:
    route = Route("plant/{hall}/{device}/state", "flat_json", {"device": "{hall}/{device}"})
    result = decoded([ANNOUNCED, ("plant/hall-3/pump/state", b'{"flow":1.5}')], route)
    (reading,) = readings(result)
    assert (reading["device_id"], reading["metric"]) == ("hall-3/pump", "flow")
    assert result.announcements["device_id"].to_pylist() == ["hall-3/pump"]
    assert [(m["device_id"], m["metric"]) for m in result.announced_metrics.to_pylist()] == [("hall-3/pump", "flow")]


def test_a_discovered_device_has_its_name_where_the_payload_says_which_device_it_is() -> None:
    route = Route("plant/#", "flat_json")
    assert decoded([ANNOUNCED], route).announcements["device_id"].to_pylist() == ["The pump"]


def test_a_discovered_device_has_its_name_where_no_route_knows_its_topic() -> None:
    assert decoded([ANNOUNCED]).announcements["device_id"].to_pylist() == ["The pump"]
