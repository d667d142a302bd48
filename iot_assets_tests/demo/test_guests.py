"""The demo's guests speak the conventions that the world speaks, and every message of theirs is understood."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

from iot_assets.decoders.decoded import READINGS, Bounds
from iot_assets.decoders.routes import RouteTable
from iot_assets.decoders.sent import Sent
from iot_assets.decoders.trial import Told, tried
from iot_assets.demo.fleet import CONVENTIONS, DEVICES, spoken
from iot_assets.demo.guests import GUESTS, guest_messages
from iot_assets.demo.messages import Message
from iot_assets.demo.overrides import demo_settings
from iot_assets.demo.registry import registry
from iot_assets.settings import Demo, Settings

START = datetime(2025, 11, 12, 9, tzinfo=UTC)


def guests(count: int, *, seed: int = 1, rate: float = 2) -> list[Message]:
    return list(itertools.islice(guest_messages(seed=seed, start=START, per_second=rate), count))


def told(messages: list[Message]) -> list[Told]:
    routes = RouteTable(demo_settings(Settings(), Path("registry.json")).routes)
    sent = [Sent(message.topic, message.payload, received_at=message.at) for message in messages]
    return tried(sent, routes, Bounds())


def test_each_guest_is_understood_as_what_it_is_and_wholly() -> None:
    found = told(guests(10 * len(GUESTS)))
    assert [one.route.convention if one.route else None for one in found] == 10 * list(GUESTS)
    assert {one.outcome for one in found} == {READINGS}
    assert [one.rejects for one in found if one.rejects] == []
    assert [r for one in found for r in one.readings if r["quality"] != "good" or r["flags"]] == []


def test_a_guest_tells_when_it_measured() -> None:
    for one in told(guests(3 * len(GUESTS))):
        assert one.message.received_at is not None
        for reading in one.readings:
            assert timedelta(0) <= one.message.received_at - reading["event_at"] < timedelta(seconds=1.1)


def test_the_same_seed_gives_the_same_guests_and_another_gives_others() -> None:
    assert guests(200) == guests(200)
    assert guests(200) != guests(200, seed=2)


def test_a_guest_s_values_change_but_not_by_leaps() -> None:
    values = [
        r["value"] for one in told(guests(50 * len(GUESTS))) for r in one.readings if r["metric"] == "temperature_C"
    ]
    assert len(set(values)) > 1
    assert max(abs(a - b) for a, b in itertools.pairwise(values)) < 2


def test_the_whole_fleet_speaks_nineteen_conventions_at_the_rate_asked_for() -> None:
    demo = Demo(messages_per_second=20, trouble=False)
    found = list(itertools.islice(spoken(demo, START), 2001))
    assert [m.at for m in found] == sorted(m.at for m in found)
    assert timedelta(seconds=99) < found[-1].at - found[0].at < timedelta(seconds=101)
    heard = told(found)
    assert len({one.route.convention for one in heard if one.route}) == CONVENTIONS == 19
    assert len({reading["device_id"] for one in heard for reading in one.readings}) == DEVICES
    assert len(registry(1)["sensors"]) == DEVICES - len(GUESTS)


def test_however_fast_the_fleet_is_no_guest_speaks_twice_a_second() -> None:
    found = itertools.islice(spoken(Demo(messages_per_second=10_000, trouble=False), START), 20_000)
    times = [message.at for message in found if message.topic == "owntracks/anna/phone"]
    assert min(b - a for a, b in itertools.pairwise(times)) >= timedelta(seconds=1)
