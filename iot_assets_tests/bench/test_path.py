"""The benchmark of the whole path: its broker takes the backlog, and the user's house has no part in it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from iot_assets.bench import broker, path
from iot_assets.demo.mosquitto import find_mosquitto
from iot_assets_tests.waiting import eventually

BACKLOG = [(f"telemetry/{number}", b"x" * 300) for number in range(2500)]


@pytest.fixture(params=["mosquitto", "the demo's own broker"])
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    mosquitto = find_mosquitto() if request.param == "mosquitto" else None
    if request.param == "mosquitto" and mosquitto is None:
        pytest.skip("mosquitto is not installed")
    with broker.running(tmp_path, mosquitto) as found:
        yield found


def test_all_of_a_backlog_is_with_the_broker_once_it_is_published(port: int) -> None:
    client = Client(CallbackAPIVersion.VERSION2)
    came: list[str] = []
    subscribed = threading.Event()
    client.on_message = lambda _client, _data, message: came.append(message.topic)
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        client.subscribe("telemetry/#", qos=1)
        assert subscribed.wait(30)
        broker.publish(port, BACKLOG)
        eventually(lambda: len(came) == len(BACKLOG))
    finally:
        client.disconnect()
        client.loop_stop()
    assert came == [topic for topic, _ in BACKLOG]


@pytest.mark.skipif("STORY_LONG" not in os.environ, reason="launches runs for half a minute; STORY_LONG=1")
def test_the_whole_path_is_measured_in_a_house_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOT_MQTT__PORT", "nonsense")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home of the user"))
    figures = path.measure(messages=5000, repetitions=1, work=tmp_path).figures
    assert {figure["unit"] for figure in figures.values()} == {"messages/s", "s"}
    assert all(figure["median"] > 0 for figure in figures.values())
    assert list(tmp_path.iterdir()) == []
