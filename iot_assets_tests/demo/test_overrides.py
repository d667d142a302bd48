"""The demo's processes read the demo's broker, routes and registry, whatever the user's own settings say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from iot_assets.decoders.routes import RouteTable
from iot_assets.demo.overrides import demo_environment, demo_settings
from iot_assets.settings import Settings, load_settings

IOT_TOML = """
[mqtt]
host = "broker.example.org"
port = 8883
username = "me"
password = "secret"
topics = ["plant/#"]
tls = { enabled = true }

[demo]
broker_port = 18999

[lander]
seal_seconds = 10

[[routes]]
topic = "mine/+"
convention = "flat_json"
"""


def test_a_process_with_that_environment_reads_just_the_demos_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "iot.toml").write_text(IOT_TOML)
    monkeypatch.setenv("IOT_MQTT__PROTOCOL", "3.1.1")
    monkeypatch.setenv("IOT_REGISTRY__FILE", "mine.json")
    wanted = demo_settings(load_settings(), tmp_path / "registry.json")
    environment = demo_environment(wanted, os.environ)
    for name in set(os.environ) - set(environment):
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    read = load_settings()
    assert read == wanted
    assert (read.mqtt.host, read.mqtt.port, read.mqtt.username, read.mqtt.tls.enabled) == (
        "127.0.0.1",
        18999,
        None,
        False,
    )
    assert (read.mqtt.topics, read.mqtt.protocol) == (("#",), "auto")
    assert read.registry.file == tmp_path / "registry.json"
    assert read.lander.seal_seconds == 10
    assert [route.topic for route in read.routes] == ["mine/+", "sensors", "telemetry/#"]


def test_the_demos_routes_are_routes_the_decoders_know_and_declare_the_zone() -> None:
    routes = demo_settings(Settings(), Path("registry.json")).routes
    table = RouteTable(routes)
    for topic in ("sensors", "telemetry/device_001"):
        found = table.match(topic)
        assert found is not None
        assert table.routes[found[0]].options["timezone"] == "UTC"
    assert table.match("sensors/Sensor_1") is not None
