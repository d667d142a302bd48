"""Nothing waits for the next message: the last one before a silence is landed, and visible, by time alone."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from iot_assets_tests.story.processes import wait_for
from iot_assets_tests.story.publisher import Publisher

if TYPE_CHECKING:
    from iot_assets_tests.brokers import Mosquitto
    from iot_assets_tests.story.conftest import HouseFactory

pytestmark = [pytest.mark.story, pytest.mark.broker]


def test_the_last_message_before_a_silence_is_in_gold_at_the_next_minute(
    mosquitto: Mosquitto, house_at: HouseFactory
) -> None:
    # A minute of three seconds. Not even the broker's own figures arrive.
    house = house_at(mosquitto, seal_seconds=3, IOT_MQTT__WATCH_DROPS="false")
    lander = house.lander()
    last = {"id": "paused", "dt": time.time(), "value": 7}
    with Publisher(mosquitto.port, [("sensors", json.dumps(last).encode())]) as publisher:
        publisher.wait()
    wait_for(lambda: house.landed().total() == 1, "the last message in the lake")
    house.materialize()
    assert house.serving("select device_id, value from gold.latest") == [("paused", 7.0)]
    assert house.serving("select n, mean from gold.readings_1min") == [(1, 7.0)]
    status = house.lander_status()
    assert status is not None
    assert status.received_messages == 1
    lander.end()
