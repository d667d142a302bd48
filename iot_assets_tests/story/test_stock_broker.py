"""Mosquitto as it comes: 20 messages in flight, 1,000 kept for an absent lander. Within that, nothing is lost."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import pytest

from iot_assets_tests.story.processes import seeded, wait_for
from iot_assets_tests.story.publisher import Publisher

if TYPE_CHECKING:
    from iot_assets_tests.brokers import Mosquitto
    from iot_assets_tests.story.conftest import HouseFactory

pytestmark = [pytest.mark.story, pytest.mark.broker]

#: Of the 1,000 that it keeps: what may be published before the lander is back, however long that takes.
KEPT: Final = 900


def numbered(count: int) -> list[tuple[str, bytes]]:
    return [(f"devices/d{n % 10}/state", b'{"n": %d}' % n) for n in range(count)]


def test_500_messages_a_second_all_arrive(stock_mosquitto: Mosquitto, house_at: HouseFactory) -> None:
    house, messages = house_at(stock_mosquitto), numbered(500 * 15)
    lander = house.lander()
    with Publisher(stock_mosquitto.port, messages, per_second=500) as publisher:
        publisher.wait()
    wait_for(lambda: house.landed().total() >= len(messages), "all in the lake", pause=0.5)
    lander.end()
    assert house.landed() == dict.fromkeys((payload for _, payload in messages), 1)


def test_50_messages_a_second_all_arrive_though_the_lander_is_killed(
    stock_mosquitto: Mosquitto, house_at: HouseFactory
) -> None:
    chance = seeded("stock broker")
    house, messages = house_at(stock_mosquitto), numbered(50 * 15)
    lander = house.lander()
    with Publisher(stock_mosquitto.port, messages, per_second=50) as publisher:
        for death in sorted(chance.sample(range(50, len(messages)), 3)):
            publisher.limit = len(messages)
            publisher.wait(death)
            time.sleep(chance.uniform(0, 0.5))
            publisher.limit = publisher.acknowledged + KEPT
            lander.kill()
            time.sleep(chance.uniform(0, 2))
            lander = house.lander()
        publisher.limit = len(messages)
        publisher.wait()
    expected = {payload for _, payload in publisher.promised}
    assert len(expected) == len(messages)
    wait_for(lambda: expected <= house.landed().keys(), "all in the lake", pause=0.5)
    lander.end()
    assert house.landed().keys() == expected
