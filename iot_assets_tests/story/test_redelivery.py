"""What a broker delivers again after a kill counts once, also where the payload names no time to tell it by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from iot_assets_tests.story.kills import publish_through_kills
from iot_assets_tests.story.processes import seeded

if TYPE_CHECKING:
    from iot_assets_tests.brokers import Mosquitto
    from iot_assets_tests.story.conftest import HouseFactory

pytestmark = [pytest.mark.story, pytest.mark.broker]

MESSAGES: Final = 60_000


def test_messages_without_a_time_count_once_though_five_kills_make_the_broker_repeat_them(
    mosquitto: Mosquitto, house_at: HouseFactory
) -> None:
    chance = seeded("redelivery")
    house = house_at(mosquitto)
    messages = [(f"devices/d{n % 7}/count", b'{"n": %d}' % n) for n in range(MESSAGES)]
    promised = publish_through_kills(house, mosquitto.port, messages, chance=chance, kills=5, per_second=20_000)
    landed = house.landed()
    assert landed.keys() == promised.keys()
    house.materialize()

    twice = house.serving("select value, count(*) from silver.readings group by value having count(*) <> 1 order by 1")
    assert twice == []
    assert house.serving("select count(*), min(value), max(value) from silver.readings") == [
        (MESSAGES, 0, MESSAGES - 1)
    ]
    books = dict(house.serving("select outcome, sum(messages)::bigint from silver.outcome_counts group by all"))
    again = landed.total() - MESSAGES
    print(f"{again} messages came twice")
    assert books == {"telemetry": MESSAGES, **({"duplicate": again} if again else {})}
