"""The fleet's sequence is reproducible, plausible, and troubled only on request."""

from __future__ import annotations

import itertools
import json
import statistics
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from iot_assets.demo.messages import Message, messages
from iot_assets.demo.registry import registry

START = datetime(2025, 11, 12, tzinfo=UTC)
DAY = 86_400


def first(
    count: int, *, seed: int = 1, start: datetime = START, rate: float = 20, trouble: bool = False
) -> list[Message]:
    return list(itertools.islice(messages(seed=seed, start=start, per_second=rate, trouble=trouble), count))


def bodies(found: list[Message], topic: str) -> list[dict[str, Any]]:
    return [json.loads(m.payload) for m in found if topic in {m.topic, "#"}]


@pytest.mark.parametrize("trouble", [False, True])
def test_the_same_seed_gives_the_same_messages_and_another_gives_others(*, trouble: bool) -> None:
    assert first(2000, trouble=trouble) == first(2000, trouble=trouble)
    assert first(2000, trouble=trouble) != first(2000, seed=2, trouble=trouble)


def test_five_sensors_speak_two_formats_and_ten_stations_two_versions_of_a_third() -> None:
    found = first(200)
    assert Counter(m.topic for m in found) == {
        "sensors": 50,
        **{f"sensors/Sensor_{n}": 10 for n in range(1, 6)},
        **{f"telemetry/device_{n:03d}": 10 for n in range(1, 11)},
    }
    assert {tuple(b) for b in bodies(found, "sensors")} == {("id", "dt", "value")}
    assert {type(b["value"]) for b in bodies(found, "sensors")} == {int}
    assert {tuple(b) for b in bodies(found, "sensors/Sensor_3")} == {
        ("sensor_id", "type", "value", "unit", "location", "timestamp")
    }
    version_1 = ("timestamp", "device_id", "temperature", "humidity", "pressure", "battery_level")
    assert {tuple(b) for b in bodies(found, "telemetry/device_001")} == {version_1}
    assert {tuple(b) for b in bodies(found, "telemetry/device_002")} == {(*version_1, "location")}


def test_messages_leave_at_the_rate_asked_for_and_in_order() -> None:
    found = first(601, rate=60)
    assert found[-1].at - found[0].at == timedelta(seconds=10)
    assert [m.at for m in found] == sorted(m.at for m in found)


@pytest.mark.parametrize("rate", [0.5, 20, 1000])
def test_without_trouble_no_device_says_two_things_of_one_instant(rate: float) -> None:
    seen: set[tuple[Any, ...]] = set()
    for m in first(3000, rate=rate):
        body = json.loads(m.payload)
        key = (m.topic, body.get("id"), body.get("dt") or body["timestamp"])
        assert key not in seen
        seen.add(key)


def test_values_stay_within_the_declared_limits_through_a_whole_day() -> None:
    for body in bodies(first(7200, rate=7200 / DAY), "#"):
        if "pressure" in body:
            assert -50 <= body["temperature"] <= 100
            assert 0 <= body["humidity"] <= 100
            assert 800 <= body["pressure"] <= 1200
            assert 0 <= body["battery_level"] <= 100
        else:
            assert 0 <= body["value"] <= 45


def test_a_day_is_warmer_in_the_afternoon_and_neighbouring_values_resemble_each_other() -> None:
    series = [b["temperature"] for b in bodies(first(28_800, rate=28_800 / DAY), "telemetry/device_003")]
    hour = len(series) // 24
    assert statistics.mean(series[14 * hour : 16 * hour]) > statistics.mean(series[2 * hour : 4 * hour]) + 4
    steps = [abs(a - b) for a, b in itertools.pairwise(series)]
    assert statistics.mean(steps) < statistics.stdev(series) / 3


def test_without_trouble_every_payload_is_whole_and_its_time_is_just_past() -> None:
    for m in first(1000):
        stamp = json.loads(m.payload).get("timestamp") or json.loads(m.payload)["dt"]
        if isinstance(stamp, str):
            at = datetime.fromisoformat(stamp)
            at = at if at.tzinfo else at.replace(tzinfo=UTC)
        else:
            at = datetime.fromtimestamp(stamp / (1000 if stamp > 1e11 else 1), UTC)
        assert timedelta(0) <= m.at - at < timedelta(seconds=1.2)


def test_trouble_brings_each_kind_of_fault() -> None:
    found = first(40_000, trouble=True)
    broken, far, lateness, times = 0, 0, [], defaultdict(list)
    for m in found:
        try:
            body = json.loads(m.payload)
        except ValueError:
            broken += 1
            continue
        value = body.get("temperature", body.get("value"))
        far += value in {-127, 999, 1250.5}
        if m.topic.startswith("telemetry"):
            at = datetime.fromisoformat(body["timestamp"]).replace(tzinfo=UTC)
            lateness.append((m.at - at).total_seconds())
            times[m.topic].append(m.at)
    copies = sum(count - 1 for count in Counter((m.topic, m.payload) for m in found).values())
    gaps = [b - a for series in times.values() for a, b in itertools.pairwise(sorted(series))]
    assert broken > 20
    assert far > 50
    assert copies > 100
    assert sum(20 < late < 400 for late in lateness) > 20
    assert sum(1.5 < late < 20 for late in lateness) > 50
    assert min(lateness) < -3600
    assert max(lateness) > 10 * 365 * DAY
    assert max(gaps) > timedelta(seconds=55)


def test_the_registry_knows_every_device_of_the_fleet() -> None:
    known = {entry["id"]: entry for entry in registry(1)["sensors"]}
    speaking = {b.get("id") or b.get("sensor_id") or b["device_id"] for b in bodies(first(40), "#")}
    assert set(known) == speaking
    assert set(known["Sensor 1"]) == {"id", "location", "type", "unit", "range", "description"}
