"""A month of a believable fleet, day by day: rooms, weather, mains, water, doors; nothing is wrong with it.

Belongs here: devices and what they would say, with noise, the resolution of their sensors, jitter, radio that loses
0.5 to 2 in a hundred messages, batteries that stay at one value for days, rooms in which nothing changes all night.
Does not: faults (``fault_injector``), landing. Everything follows from the seed.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

START = datetime(2026, 9, 1, tzinfo=UTC)
#: All times here are milliseconds from ``START``; what a device sends counts from 1970.
START_MS = int(START.timestamp()) * 1000
HOUR, DAY = 3_600_000, 86_400_000
SITES = 20
#: One in so many messages is delivered twice by MQTT itself.
TWICE = 5_000


@dataclass(slots=True)
class Message:
    """What a device sends once: its clock, when it arrives, its values in the order of the kind's metrics."""

    at_ms: int
    received_ms: int
    values: list[float]
    broken: bytes | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of device: metric → decimals, its share of the fleet, and how often it speaks."""

    name: str
    share: float
    interval_s: int
    metrics: dict[str, int]


KINDS = (
    Kind("power meter", 0.001, 10, {"voltage": 1, "current": 2, "power": 0, "energy": 3}),
    Kind("air monitor", 0.006, 60, {"co2": 0, "temperature": 1, "humidity": 0}),
    Kind("weather station", 0.200, 900, {"temperature": 2, "humidity": 1, "pressure": 1, "battery": 0}),
    Kind("room sensor", 0.393, 1800, {"temperature": 1, "humidity": 0, "battery": 0}),
    Kind("water meter", 0.300, 3600, {"volume": 3, "battery": 0}),
    Kind("door", 0.100, 3600, {"open": 0, "battery": 0}),
)


class Weather:
    """Slow weather of one site: three wandering figures a quarter of an hour, joined by straight lines."""

    def __init__(self, chance: random.Random, days: int) -> None:
        self._series = [self._wander(chance, days * 96 + 8, hold) for hold in (48 * 4, 24 * 4, 60 * 4)]

    @staticmethod
    def _wander(chance: random.Random, steps: int, hold: float) -> list[float]:
        keep = math.exp(-1 / hold)
        kick = math.sqrt(1 - keep * keep)
        series = [chance.gauss(0, 1)]
        for _ in range(steps):
            series.append(series[-1] * keep + kick * chance.gauss(0, 1))
        return series

    def at(self, which: int, ms: int) -> float:
        """Standard deviations from what is usual."""
        place, part = divmod(ms, HOUR // 4)
        a, b = self._series[which][place], self._series[which][place + 1]
        return a + (b - a) * part / (HOUR // 4)


class Device:
    """One device: what it measures goes on from day to day."""

    def __init__(self, number: int, kind: Kind, weather: Weather, chance: random.Random) -> None:
        self.kind, self.weather, self.chance = kind, weather, chance
        self.site = f"site-{number % SITES:02}"
        self.name = f"{kind.name.replace(' ', '-')}-{number:04}"
        self.metrics = list(kind.metrics)
        self.declared = chance.random() < 0.5
        self.loss = chance.uniform(0.005, 0.02)
        self.interval_ms = kind.interval_s * 1000
        self._phase = chance.randrange(self.interval_ms)
        self._mean = chance.uniform(12, 17) if kind.name == "weather station" else chance.uniform(19.5, 22.5)
        self._swing = chance.uniform(3, 7) if kind.name == "weather station" else chance.uniform(0.4, 1.5)
        self._resolution = chance.choice((0.1, 0.1, 0.5)) if kind.name == "room sensor" else 0.0
        self._altitude = chance.uniform(0, 600)
        self._battery, self._drain = chance.uniform(30, 100), chance.uniform(0.02, 0.6)
        self._total = chance.uniform(10, 9000)
        self._load = self._crowd = 0.0
        self._open = 0
        self._moved: set[int] = set()
        self._template = '{"ts":%d,' + ",".join(f'"{m}":%.{d}f' for m, d in kind.metrics.items()) + "}"
        self._measure: Callable[[int], list[float]] = getattr(self, f"_{kind.name.replace(' ', '_')}")

    def day(self, first_ms: int) -> list[Message]:
        """All messages of a day that the radio did not lose, in the order of the device's clock."""
        chance, spread = self.chance, self.interval_ms * 0.01
        times = [
            first_ms + self._phase % self.interval_ms + n * self.interval_ms + int(chance.uniform(0, spread))
            for n in range(DAY // self.interval_ms)
        ]
        if self.kind.name == "door":
            self._moved = {first_ms + int(chance.triangular(6, 22, 13) * HOUR) for _ in range(chance.randrange(30))}
            times = sorted({*times, *self._moved})
        sent: list[Message] = []
        for at in times:
            values = self._measure(at)
            if chance.random() >= self.loss:
                # One connection keeps the order: what is sent later does not arrive earlier.
                heard = max(at + 50 + int(chance.expovariate(1 / 300)), sent[-1].received_ms + 1 if sent else 0)
                sent.append(Message(at, heard, values))
        return sent

    def payload(self, message: Message) -> bytes:
        """The message as sent."""
        if message.broken is not None:
            return message.broken
        return (self._template % (message.at_ms + START_MS, *message.values)).encode()

    def _sun(self, ms: int) -> float:
        return math.sin((ms % DAY / DAY - 0.375) * 2 * math.pi)

    def _battery_now(self, ms: int) -> float:
        return max(3.0, math.floor(self._battery - self._drain * ms / DAY))

    def _room_sensor(self, ms: int) -> list[float]:
        warm = self._mean + self._swing * self._sun(ms) + 0.4 * self.weather.at(0, ms) + self.chance.gauss(0, 0.05)
        if self._resolution:
            warm = round(warm / self._resolution) * self._resolution
        damp = 45 - 2 * self._sun(ms) + 5 * self.weather.at(1, ms) + self.chance.gauss(0, 0.5)
        return [warm, damp, self._battery_now(ms)]

    def _weather_station(self, ms: int) -> list[float]:
        warm = self._mean + self._swing * self._sun(ms) + 3 * self.weather.at(0, ms) + self.chance.gauss(0, 0.12)
        damp = min(100.0, 72 - 18 * self._sun(ms) + 10 * self.weather.at(1, ms) + self.chance.gauss(0, 0.8))
        press = 1013 - self._altitude / 8.3 + 7 * self.weather.at(2, ms) + self.chance.gauss(0, 0.1)
        return [warm, max(8.0, damp), press, self._battery_now(ms)]

    def _air_monitor(self, ms: int) -> list[float]:
        hour = ms % DAY / HOUR
        people = 900.0 if 8 < hour < 17 and ms // DAY % 7 < 5 else 0.0
        self._crowd += (people - self._crowd) * 0.01
        warm, damp, _ = self._room_sensor(ms)
        return [425 + self._crowd + self.chance.gauss(0, 6), warm, damp]

    def _power_meter(self, ms: int) -> list[float]:
        if self.chance.random() < 0.008:  # something is switched on or off
            self._load = self.chance.choice((0.0, 0.0, 0.6, 2.2, 4.5, 9.0))
        current = 0.35 + self._load * self.chance.gauss(1, 0.01)
        volts = 231 + 1.2 * self.weather.at(0, ms) - 0.25 * current + self.chance.gauss(0, 0.3)
        power = volts * current * 0.97
        self._total += power * self.kind.interval_s / 3.6e6
        return [volts, current, power, self._total]

    def _water_meter(self, ms: int) -> list[float]:
        hour = ms % DAY / HOUR
        if 6 < hour < 23 and self.chance.random() < 0.6:
            self._total += self.chance.expovariate(1 / 0.03)
        return [self._total, self._battery_now(ms)]

    def _door(self, ms: int) -> list[float]:
        if ms in self._moved:
            self._open = 1 - self._open
        return [float(self._open), self._battery_now(ms)]


def fleet(devices: int, days: int, seed: int) -> list[Device]:
    """All devices, each with chances of its own."""
    chance = random.Random(seed)
    weather = [Weather(random.Random(f"{seed} weather {n}"), days) for n in range(SITES)]
    counts = [max(1, round(kind.share * devices)) for kind in KINDS]
    kinds = [kind for kind, count in zip(KINDS, counts, strict=True) for _ in range(count)][:devices]
    chance.shuffle(kinds)
    return [Device(n, k, weather[n % SITES], random.Random(f"{seed} device {n}")) for n, k in enumerate(kinds)]


def messages_of(devices: list[Device], day: int) -> Iterator[tuple[int, list[Message]]]:
    """What each device says on a day; to be asked day after day."""
    for number, device in enumerate(devices):
        yield number, device.day(day * DAY)
