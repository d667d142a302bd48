"""The fleet's messages as one endless sequence that depends on nothing but its arguments.

Belongs here: who sends when. Does not: a clock or a broker (``fleet.py``): the same arguments give the same messages.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from iot_assets.demo.devices import (
    PLACES,
    STATIONS,
    Reading,
    Station,
    Thermometer,
    epoch_milliseconds,
    epoch_seconds,
    seeded,
    zoned_iso,
)
from iot_assets.demo.trouble import Trouble, payload


@dataclass(frozen=True, slots=True)
class Message:
    """What is published, and at which instant."""

    at: datetime
    topic: str
    payload: bytes


def messages(*, seed: int, start: datetime, per_second: float, trouble: bool = False) -> Iterator[Message]:
    """The fleet's messages from ``start`` on, in the order they are sent, without end.

    Each device speaks once a round, at its own place in the round; the five sensors speak once in each of two formats.
    """
    speakers = _speakers(seed, per_second)
    fate = Trouble(seed) if trouble else None
    waiting: list[tuple[datetime, int, str, bytes]] = []
    ticket = itertools.count()  # equal instants leave in the order they came
    for n in itertools.count():
        at = start + timedelta(microseconds=round(n * 1_000_000 / per_second))
        latency, read = speakers[n % len(speakers)]
        reading = read(at - latency)
        for sent_at, data in fate.befall(reading, at) if fate else [(at, payload(reading))]:
            heapq.heappush(waiting, (sent_at, next(ticket), reading.topic, data))
        while waiting and waiting[0][0] <= at:
            sent_at, _, topic, data = heapq.heappop(waiting)
            yield Message(sent_at, topic, data)


def _speakers(seed: int, per_second: float) -> list[tuple[timedelta, Callable[[datetime], Reading]]]:
    """Each voice of the fleet with the time its message takes, in the order of a round."""
    stations = [Station(number, seed) for number in range(1, STATIONS + 1)]
    round_seconds = (2 * len(PLACES) + STATIONS) / per_second
    # Devices differ in how they write the time. Whole seconds are left to rounds in which no second sees two readings:
    # the later one would count as a correction of the earlier.
    first = epoch_seconds if round_seconds >= 1 else epoch_milliseconds
    stamps = (first, first, epoch_milliseconds, epoch_milliseconds, zoned_iso)
    sensors = [Thermometer(number, seed, stamp=stamp) for number, stamp in enumerate(stamps, start=1)]
    voices = [
        *(sensor.short for sensor in sensors),
        *(sensor.full for sensor in sensors),
        *(station.telemetry for station in stations),
    ]
    rng = seeded(seed, "round")
    rng.shuffle(voices)
    return [(timedelta(milliseconds=rng.randint(5, 80)), voice) for voice in voices]
