"""What no decoder can like, through broker, lander and a run: one verdict each, and the neighbours untouched."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from iot_assets_tests.story.processes import wait_for
from iot_assets_tests.story.publisher import Publisher

if TYPE_CHECKING:
    from iot_assets_tests.brokers import Mosquitto
    from iot_assets_tests.story.conftest import HouseFactory

pytestmark = [pytest.mark.story, pytest.mark.broker]

_TEN_MEGABYTES: Final = 10 * 1024 * 1024
#: A path out of any folder, an end of any quoted text, in 400 characters.
_BAD_NAME: Final = ("../../../etc/passwd'; drop table silver.readings; --\"" * 10)[:400]


@dataclass(frozen=True)
class Poison:
    """A payload, and either the reason of its reject or the flag of its reading."""

    name: str
    payload: bytes
    reject: str | None = None
    flag: str | None = None


def reading(device: str, value: object = 20, at: object = None) -> bytes:
    return json.dumps({"sensor_id": device, "type": "t", "value": value, "timestamp": at or time.time()}).encode()


POISONS: Final = (
    Poison("an empty payload", b"", reject="empty_payload"),
    Poison("bytes that are not UTF-8", b'{"sensor_id":"p","value":1,"x":"\xff\xfe"}', reject="not_utf8"),
    Poison("JSON cut short", b'{"sensor_id":"p","type":"t","value":2', reject="malformed_json"),
    Poison("a number instead of an object", b"42", reject="not_an_object"),
    Poison("NaN", b'{"sensor_id":"p","type":"t","value":NaN}', reject="bad_value"),
    Poison("Infinity", b'{"sensor_id":"p","type":"t","value":-Infinity}', reject="bad_value"),
    Poison("a number too large", b'{"sensor_id":"p","type":"t","value":1e999}', reject="bad_value"),
    Poison("ten megabytes", reading("p" * _TEN_MEGABYTES), reject="payload_too_large"),
    Poison("the year 1970", reading("clock that was never set", at=3_600), flag="clock_suspect"),
    Poison("the year 2106", reading("clock from afar", at="2106-02-07T06:28:15Z"), flag="clock_suspect"),
    Poison("a name of 400 characters", reading(_BAD_NAME), reject="bad_device"),
)


def test_each_poison_gets_one_verdict_and_hurts_no_neighbour(mosquitto: Mosquitto, house_at: HouseFactory) -> None:
    house = house_at(mosquitto)
    began = time.time()
    good = [reading(f"good {n}", n, began - 100 + n) for n in range(len(POISONS) + 1)]
    messages = [("sensors/any", payload) for payload in good]
    for n, poison in reversed([*enumerate(POISONS)]):
        messages.insert(n + 1, ("sensors/any", poison.payload))

    lander = house.lander()
    with Publisher(mosquitto.port, messages) as publisher:
        publisher.wait()
    wait_for(lambda: house.landed().total() == len(messages), "all in the lake, poison too")
    lander.end()
    house.materialize()

    rejected = house.serving("select payload, reason from silver.rejects order by received_at, message_id")
    assert [reason for _, reason in rejected] == [p.reject for p in POISONS if p.reject]
    assert [payload for payload, _ in rejected] == [p.payload for p in POISONS if p.reject]

    flagged = house.serving(
        "select device_id, flags, event_at = received_at, event_at_source, time_text is not null from silver.readings"
        " where device_id not like 'good%' order by received_at, message_id"
    )
    devices = [json.loads(p.payload)["sensor_id"] for p in POISONS if p.flag]
    assert flagged == [(device, ["clock_suspect"], True, "received", True) for device in devices]
    assert house.serving(
        "select sum(n_valid), sum(n_excluded) from gold.readings_1min where device_id like 'clock%'"
    ) == [(0, len(devices))]

    untouched = house.serving(
        "select device_id, value, flags from silver.readings where device_id like 'good%' order by value"
    )
    assert untouched == [(f"good {n}", float(n), []) for n in range(len(good))]
    books = house.serving("select outcome, sum(messages)::bigint from silver.outcome_counts group by all order by all")
    assert books == [("rejected", len(rejected)), ("telemetry", len(good) + len(devices))]


def test_poison_in_a_topic_breaks_out_of_nothing(mosquitto: Mosquitto, house_at: HouseFactory) -> None:
    house = house_at(mosquitto)
    topic = f"devices/{_BAD_NAME[:150].replace('/', '!')}/../../x"
    lander = house.lander()
    with Publisher(mosquitto.port, [(topic, b'{"t": 1}'), ("devices/d/x", b'{"t": 2}')]) as publisher:
        publisher.wait()
    wait_for(lambda: house.landed().total() == 2, "both in the lake")
    lander.end()
    house.materialize()
    assert house.serving("select device_id, value from silver.readings order by value") == [
        (topic.split("/")[1], 1.0),
        ("d", 2.0),
    ]
    named = re.compile(r"[\w.=-]+")
    assert all(named.fullmatch(path.name) for path in house.paths.root.rglob("*"))
