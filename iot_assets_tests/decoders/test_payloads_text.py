"""Published payloads of lines, of values that the topic explains, and of SenML, as their specifications read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from iot_assets.decoders.routes import Route
from iot_assets_tests.decoders.batches import NOW, decoded, readings, rejects

PAYLOADS = Path(__file__).parents[2].parent / "shared" / "payloads"
SAMPLES = PAYLOADS.parent / "samples"

pytestmark = pytest.mark.skipif(
    not PAYLOADS.is_dir(), reason=f"SKIPPED: no payloads at {PAYLOADS}; nothing published was decoded"
)


def told(path: Path, topic: str, *routes: Route) -> list[tuple[Any, ...]]:
    """Device, metric, value, unit and time of each reading; nothing may be rejected."""
    result = decoded([(topic, path.read_bytes())], *routes)
    assert rejects(result) == {}
    return [
        (r["device_id"], r["metric"], r["value"] if r["value_text"] is None else r["value_text"], r["unit"], at(r))
        for r in readings(result)
    ]


def at(reading: dict[str, Any]) -> datetime | None:
    return None if reading["event_at_source"] == "received" else reading["event_at"]


def test_lines_of_format_5() -> None:
    early, late = (datetime.fromtimestamp(1649941817 + n, UTC) for n in (0, 1))
    assert told(SAMPLES / "epoch_lines.txt", "/data") == [
        ("data", "Voltage", 1.34, None, early),
        ("data", "Voltage", 1.35, None, late),
        ("data", "Current", 12.0, None, early),
        ("data", "Current", 14.0, None, late),
    ]


@pytest.mark.parametrize(
    ("name", "plugin", "kind", "value", "time"),
    [
        ("1", "cpu", "percent-active", 0.50125313283208, "2021-06-07T14:37:59.154"),
        ("2", "memory", "percent-used", 1.10760866126707, "2021-06-07T14:37:59.159"),
        ("4", "df-root", "percent_bytes-used", 71.3109359741211, "2021-06-07T14:38:00.158"),
    ],
)
def test_collectd(name: str, plugin: str, kind: str, value: float, time: str) -> None:
    when = datetime.fromisoformat(time).replace(tzinfo=UTC)
    found = told(PAYLOADS / "text_epoch_value" / f"{name}.txt", f"collectd/raspberrypi/{plugin}/{kind}")
    assert found == [("raspberrypi", f"{plugin}.{kind}", value, None, when)]


def test_smartrest() -> None:
    folder = PAYLOADS / "csv_smartrest"
    custom = ("main", "myCustomTemperatureMeasurement.fahrenheit", 75.2, "[degF]", None)
    assert told(folder / "1.txt", "c8y/mqtt/out/s/us") == [custom]
    assert told(folder / "2.txt", "c8y/s/us") == []
    assert told(folder / "4.txt", "c8y/s/us") == [("main", "c8y_TemperatureMeasurement.T", 20.0, "Cel", None)]


def test_influx_line_protocol() -> None:
    folder = PAYLOADS / "influx_line"
    when = datetime.fromtimestamp(1596294243, UTC)
    assert told(folder / "1.txt", "telegraf/x/y") == [
        ("Hugin", f"sensors.name=Facility A.{field}", value, None, when)
        for field, value in [("consumers", 3), ("frequency", 49.78), ("ok", 1), ("power", 123.4), ("temperature", 20)]
    ]
    when = datetime.fromtimestamp(1653579140, UTC) + timedelta(microseconds=440951)
    metric = "mqtt_consumer.topic=telegraf/host01/cpu.value"
    assert told(folder / "2.txt", "telegraf/host01/cpu") == [("pop-os", metric, 45.0, None, when)]


OW = "urn:dev:ow:10e2073a0108006"
BASE = datetime.fromtimestamp(1276020076, UTC) + timedelta(milliseconds=1)
CURRENTS = enumerate((1.2, 1.3, 1.4, 1.5, 1.6, 1.7), start=-5)
MEASURED = [("voltage", 120.1, "V", 0), *(("current", value, "A", t) for t, value in CURRENTS)]
IPV6 = datetime.fromtimestamp(1320078429, UTC)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ex2.json", [(f"{OW}3", "voltage", 120.1, "V", NOW), (f"{OW}3", "current", 1.2, "A", NOW)]),
        ("ex3.json", [(OW, metric, value, unit, BASE + timedelta(seconds=t)) for metric, value, unit, t in MEASURED]),
        ("ex3.cbor", [(OW, metric, value, unit, BASE + timedelta(seconds=t)) for metric, value, unit, t in MEASURED]),
        (
            "ex6.json",
            [
                ("2001:db8::2", "temperature", 25.2, "Cel", IPV6),
                ("2001:db8::2", "humidity", 30.0, "%", IPV6),
                ("2001:db8::1", "temperature", 12.3, "Cel", IPV6),
                ("2001:db8::1", "humidity", 67.0, "%", IPV6),
            ],
        ),
        (
            "ex7.json",
            [
                (f"{OW}3", "temp", 23.1, "Cel", None),
                (f"{OW}3", "label", "Machine Room", None, None),
                (f"{OW}3", "open", 0.0, None, None),
                (f"{OW}3", "nfv-reader", "aGkgCg", None, None),
            ],
        ),
        (
            "ex13.json",
            [
                (f"2001:db8::{host}", "value", value, "1", IPV6 + timedelta(milliseconds=100 * t))
                for t, value in ((0, 0.5), (1, 0.0))
                for host in (3, 4)
            ],
        ),
    ],
)
def test_senml(name: str, expected: list[tuple[Any, ...]]) -> None:
    assert told(PAYLOADS / "senml" / name, "senml/x") == expected


def test_homie() -> None:
    folder = PAYLOADS / "homie"
    car = ("super-car", "engine.temperature", 21.5, None, None)
    assert told(folder / "1.txt", "homie/5/super-car/engine/temperature") == [car]
    assert told(folder / "4.txt", "homie/5/super-car/$state") == []
    elided = decoded([("homie/5/super-car/$description", (folder / "2.txt").read_bytes())])
    assert rejects(elided) == {0: "malformed_json"}


def test_home_assistant_discovery() -> None:
    published = (PAYLOADS / "ha_discovery" / "1.json").read_bytes()
    result = decoded([("homeassistant/binary_sensor/hall/config", published)])
    assert result.outcomes["status"].to_pylist() == ["not_telemetry"]
    assert result.announcements["device_id"].to_pylist() == ["%topic%"]
    (metric,) = result.announced_metrics.to_pylist()
    assert (metric["device_id"], metric["metric"], metric["description"]) == ("%topic%", "MOTION", "Motion Sensor")
