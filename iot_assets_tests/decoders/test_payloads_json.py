"""Published payloads of the conventions in JSON, where this machine has them: each gives what is specified for it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from iot_assets.decoders.routes import Route
from iot_assets_tests.decoders.batches import decoded, readings, rejects, values

SHARED = Path(__file__).parents[2].parent / "shared"
AFTER = datetime(2026, 11, 21, tzinfo=UTC)

pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason=f"SKIPPED: no payloads at {SHARED}; nothing published was decoded"
)

#: file, topic, device, its metrics, its time (None: as it was received).
SAID: list[tuple[str, str, str, dict[str, Any], str | None]] = [
    ("bare_value/1.txt", "teslamate/cars/1/inside_temp", "1", {"inside_temp": 20.8}, None),
    ("bare_value/2.txt", "teslamate/cars/1/battery_level", "1", {"battery_level": 88.0}, None),
    ("bare_value/4.txt", "teslamate/cars/1/state", "1", {"state": "asleep"}, None),
    ("bare_value/5.txt", "teslamate/cars/1/since", "1", {"since": "2019-02-29T23:00:07Z"}, None),
    ("thingsboard/1.json", "v1/devices/me/telemetry", "me", {"key1": "value1", "key2": "value2"}, None),
    ("thingsboard/2.json", "v1/devices/me/telemetry", "me", {"key1": "value1", "key2": 1.0}, None),
    ("thin_edge/1.json", "te/device/main///m/environment", "main", {"temperature": 25.0}, None),
    (
        "thin_edge/2.json",
        "te/device/main///m/electrical",
        "main",
        {"three_phase_current.L1": 9.5, "three_phase_current.L2": 10.3, "three_phase_current.L3": 8.8},
        None,
    ),
    (
        "thin_edge/5.json",
        "te/device/main///m/example",
        "main",
        {
            "temperature": 25.0,
            "location.latitude": 32.54,
            "location.longitude": -117.67,
            "location.altitude": 98.6,
            "pressure": 98.0,
        },
        "2020-10-15T05:30:47Z",
    ),
    (
        "umh/1.json",
        "umh/v1/acme/_historian/weather",
        "acme",
        {"weather.temperature": 23.4, "weather.humidity": 42.1},
        "2024-05-30T15:30:00Z",
    ),
    (
        "umh/2.json",
        "umh/v1/acme/_historian/weather",
        "acme",
        {
            "weather.pos.x": 12.5,
            "weather.pos.y": 7.3,
            "weather.pos.z": 3.2,
            "weather.temperature": 50.0,
            "weather.collision": 0.0,
        },
        "2022-12-02T17:13:54.567Z",
    ),
    (
        "tasmota/1.json",
        "tele/plug/SENSOR",
        "plug",
        {"DS18B20-1.Temperature": 13.3, "DS18B20-2.Temperature": 1.2, "DS18B20-3.Temperature": 22.5},
        "2021-01-02T09:09:44Z",
    ),
    ("tasmota/4.json", "tele/tasmota/SENSOR", "tasmota", {"ANALOG.A0": 8.0}, "2019-09-04T11:08:48Z"),
    ("tasmota/5.json", "tele/s/SENSOR", "s", {"Switch1": "OFF", "Switch2": "ON"}, "2021-06-27T13:03:44Z"),
    ("zigbee2mqtt/1.json", "zigbee2mqtt/hall", "hall", {"temperature": 27.34, "humidity": 44.72}, None),
    (
        "zigbee2mqtt/2.json",
        "zigbee2mqtt/hall/lamp",
        "hall/lamp",
        {"state": "ON", "brightness": 215.0, "color_temp": 325.0},
        None,
    ),
    (
        "shelly/1.json",
        "shelly1minig3-54320464f17c/events/rpc",
        "shelly1minig3-54320464f17c",
        {"switch:0.output": 0.0, "switch:0.source": "HTTP_in"},
        "2024-12-09T20:41:28.48Z",
    ),
    (
        "shelly/2.json",
        "shellyplusi4-c4d8d554ad6c/events/rpc",
        "shellyplusi4-c4d8d554ad6c",
        {"input:3.state": 1.0},
        "2024-12-09T20:41:24.28Z",
    ),
    (
        "shelly/5.json",
        "shellyplug-1/status/switch:0",
        "shellyplug-1",
        {
            "switch:0.source": "WS_in",
            "switch:0.output": 0.0,
            "switch:0.apower": 0.0,
            "switch:0.voltage": 123.3,
            "switch:0.current": 0.0,
            "switch:0.aenergy.total": 0.0,
            "switch:0.temperature.tC": 44.4,
            "switch:0.temperature.tF": 112.0,
        },
        None,
    ),
    (
        "zwave_js_ui/1.json",
        "zwave/hall/n5/sensor_multilevel/endpoint_0/Air_temperature",
        "hall/n5",
        {"sensor_multilevel.endpoint_0.Air_temperature": 10.0},
        "2019-01-28T13:52:03.859Z",
    ),
    ("victron/1.json", "N/c0/pvinverter/20/Ac/Power", "c0/pvinverter/20", {"Ac.Power": 936.0}, None),
    (
        "rtl_433/1.json",
        "rtl_433/pi/events",
        "Nexus-TH/2/42",
        {"battery_ok": 1.0, "temperature_C": 20.5, "humidity": 83.0},
        "2019-08-29T08:38:19Z",
    ),
    (
        "ble_gateway/1.json",
        "home/TheengsGateway/BTtoMQTT/F35285",
        "F35285",
        {"rssi": -82.0, "tempc": 24.1, "tempf": 75.38, "hum": 104.7, "dp": 24.8, "volt": 2.56},
        None,
    ),
    (
        "ble_gateway/2.json",
        "home/OpenMQTTGateway/BTtoMQTT/4C33A6603C79",
        "4C33A6603C79",
        {"hum": 52.6, "tempc": 19.2, "tempf": 66.56},
        None,
    ),
    (
        "owntracks/1.json",
        "owntracks/jane/phone",
        "jane/phone",
        {"alt": 154.0, "batt": 53.0, "conn": "w", "lat": 48.856826, "lon": 2.292713, "vel": 0.0},
        "2024-02-02T06:44:58Z",
    ),
    (
        "flat_json/lab_8.json",
        "sonoff/tele/sonoff-lamp-1/STATE",
        "sonoff-lamp-1",
        {
            "Uptime": "66T01:21:22",
            "UptimeSec": 5707282.0,
            "Heap": 27.0,
            "SleepMode": "Dynamic",
            "Sleep": 50.0,
            "LoadAvg": 19.0,
            "MqttCount": 40.0,
            "POWER": "OFF",
            "Wifi.AP": 1.0,
            "Wifi.SSId": "Umbrella",
            "Wifi.Channel": 6.0,
            "Wifi.RSSI": 68.0,
            "Wifi.Signal": -66.0,
            "Wifi.LinkCount": 2.0,
            "Wifi.Downtime": "0T00:01:25",
        },
        "2020-03-31T18:00:26Z",
    ),
]


def payload(name: str) -> bytes:
    return (SHARED / "payloads" / name).read_bytes()


@pytest.mark.parametrize(("name", "topic", "device", "metrics", "at"), SAID, ids=lambda value: None)
def test_a_published_payload(name: str, topic: str, device: str, metrics: dict[str, Any], at: str | None) -> None:
    result = decoded([(topic, payload(name))], received_at=AFTER)
    assert rejects(result) == {}
    assert values(result) == metrics
    told = {(r["device_id"], r["event_at"], r["event_at_source"]) for r in readings(result)}
    assert told == {(device, AFTER if at is None else datetime.fromisoformat(at), "payload" if at else "received")}


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("zigbee2mqtt/4.txt", "zigbee2mqtt/bridge/state"),
        ("zigbee2mqtt/5.json", "zigbee2mqtt/bridge/groups"),
        ("victron/2.json", "N/c0/pvinverter/20/Ac/L2/Power"),
    ],
)
def test_a_published_payload_that_is_no_telemetry(name: str, topic: str) -> None:
    assert decoded([(topic, payload(name))]).outcomes["status"].to_pylist() == ["not_telemetry"]


def test_the_whole_status_of_a_shelly() -> None:
    result = decoded([("shellypro1pm-1/status", payload("shelly/4.json"))], received_at=AFTER)
    found = values(result)
    assert found["switch:0.aenergy.total"] == 5.125
    assert found["wifi.rssi"] == -62.0
    assert not any("by_minute" in metric or metric.endswith(("unixtime", ".id")) for metric in found)
    assert {r["event_at"] for r in readings(result)} == {datetime(2023, 2, 6, 21, 22, 2, tzinfo=UTC)}


@pytest.mark.parametrize("number", [1, 2, 4, 5, 7])
def test_a_real_lab_with_a_declared_device_field(number: int) -> None:
    route = Route("lab/#", "flat_json", {"device_field": "node-id", "drop": "sensor"})
    body = payload(f"flat_json/lab_{number}.json")
    said = json.loads(body)
    result = decoded([("lab/x", body)], route, received_at=AFTER)
    assert values(result) == {
        name: value for name, value in said.items() if name not in {"node-id", "sensor", "timestamp"}
    }
    assert {r["device_id"] for r in readings(result)} == {said["node-id"]}
    assert {r["event_at"].timestamp() for r in readings(result)} == {said["timestamp"]}


SHAPES = ("document", "kafka", "live")
#: What a fact is called in each shape, where it is not called the same in all.
SPELLED = {
    "latitude": ("latitude", "location.latitude"),
    "longitude": ("longitude", "location.longitude"),
    "anomaly": ("anomaly", "anomaly_detected", "is_anomaly"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_three_shapes_of_device_events(shape: str) -> None:
    lines = (SHARED / "samples" / f"device_events_{shape}.jsonl").read_bytes().splitlines()
    result = decoded([("device_events/x", line) for line in lines], received_at=AFTER)
    assert rejects(result) == {}
    found: list[dict[str, Any]] = [{} for _ in lines]
    for reading in readings(result):
        found[reading["row"]][reading["metric"]] = (
            reading["value"] if reading["value_text"] is None else reading["value_text"]
        )
    for line, metrics in zip(lines, found, strict=True):
        said = json.loads(line)
        said |= {f"location.{name}": value for name, value in said.pop("location", {}).items()}
        for name, spellings in SPELLED.items():
            value = next(said.pop(spelling) for spelling in spellings if spelling in said)
            assert metrics.pop(name) == value
        assert metrics == {
            name: value for name, value in said.items() if name not in {"device_id", "timestamp"} and value is not None
        }
