"""A suggested route reads the message it was suggested for, and is one that can be pasted into the settings."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iot_assets.decoders.routes import Route
from iot_assets.decoders.sent import Sent
from iot_assets.decoders.suggest import suggested
from iot_assets.decoders.toml_text import route_toml
from iot_assets_tests.decoders.batches import decoded

CASES = {
    ("home/zigbee2mqtt/kitchen", b'{"temperature":21.5,"battery":90}'): ("home/zigbee2mqtt/{path#}", "zigbee2mqtt"),
    ("site/tele/plug/SENSOR", b'{"Time":"2025-11-12T08:00:00","ENERGY":{"Power":3}}'): (
        "site/tele/{device#}/SENSOR",
        "tasmota",
    ),
    ("plant/oven-7/data", b'{"temp":200.5}'): ("plant/{device}/data", "flat_json"),
    ("plant/oven/temps", b'{"id":"oven","temp":200.5}'): ("plant/+/temps", "flat_json"),
    ("dev/7/up", b'{"sensor_id":"Roof","type":"humidity","value":61.5}'): ("dev/7/up", "sensor_value"),
    ("a/b/temp", b"21.5"): ("a/{device}/{metric}", "bare_value"),
    ("x/y", b"cpu,host=a v=1 1762937000000000000"): ("x/y", "influx_line"),
    ("x/y", b"1649941817 Voltage 1.34"): ("x/{device}", "text_lines"),
    ("s", b'[{"bn":"urn:dev:x:","n":"temp","u":"Cel","v":23.1}]'): ("s", "senml"),
}


@pytest.mark.parametrize(("message", "expected"), CASES.items(), ids=lambda case: str(case[0]))
def test_the_convention_is_told_by_topic_and_payload(message: tuple[str, bytes], expected: tuple[str, str]) -> None:
    route = suggested(Sent(*message))
    assert route is not None
    assert (route.topic, route.convention) == expected


@pytest.mark.parametrize("payload", [b"", b"\xff\xfe", b"{", b'{"note": null}'])
def test_what_nothing_reads_has_no_suggestion(payload: bytes) -> None:
    assert suggested(Sent("foo/bar", payload)) is None


@given(
    topic=st.text(st.sampled_from('ab1/{}$ é"\\'), max_size=12),
    payload=st.sampled_from([payload for _, payload in CASES]) | st.binary(max_size=12),
)
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_whatever_is_suggested_reads_the_message_once_it_is_in_the_settings(topic: str, payload: bytes) -> None:
    if (route := suggested(Sent(topic, payload))) is None:
        return
    (pasted,) = tomllib.loads(route_toml(route))["routes"]
    again = Route(pasted["topic"], pasted["convention"], pasted.get("options", {}))
    result = decoded([(topic, payload)], again)
    assert result.rejects.num_rows == 0
    assert result.readings.num_rows > 0
