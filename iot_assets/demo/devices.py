"""The cast of the demo: five thermometers and ten weather stations, each with a day that looks like a day.

Belongs here: who the devices are, what they measure at an instant, and how each writes it down. Does not: when they
send (``messages.py``) and what goes wrong (``trouble.py``). Everything follows from the seed and the instant asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

Stamp = Callable[[datetime], Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a device is about to send: its fields, and which of them are the time and the value."""

    device_id: str
    topic: str
    body: dict[str, Any]
    time_field: str
    value_field: str
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Place:
    """Where a thermometer hangs, and what its day is like: mean, daily swing, and bumps of (hour, width, degrees)."""

    description: str
    lat: float
    lng: float
    mean: float
    swing: float
    bumps: tuple[tuple[float, float, float], ...] = ()


PLACES: Final = (
    Place("Main entrance", 47.3711, 8.5382, 17.0, 5.0, ((8.5, 0.5, -2.0), (17.5, 0.7, -2.5))),
    Place("Kitchen", 47.3712, 8.5384, 22.0, 1.5, ((7.0, 0.6, 4.0), (12.0, 0.9, 7.0), (18.5, 0.9, 6.0))),
    Place("Cold store", 47.3713, 8.5387, 6.0, 0.8, ((6.0, 0.4, 2.0), (14.0, 0.4, 2.5))),
    Place("Assembly floor", 47.3714, 8.5391, 19.0, 2.0, ((10.0, 2.0, 4.0), (15.0, 2.0, 5.0))),
    Place("Offices", 47.3715, 8.5380, 20.0, 1.0, ((11.0, 3.0, 2.5), (15.5, 2.5, 2.5))),
)
STATIONS: Final = 10
#: What a thermometer can show at all.
SENSOR_RANGE: Final = (0.0, 45.0)


def seeded(seed: int, whom: str) -> Random:
    """A random source of one's own, so that another device more or less changes nobody else's values."""
    return Random(f"{seed} {whom}")  # noqa: S311 - a play, not a secret


def naive_iso(at: datetime) -> str:
    """A time as the real devices of formats 1 and 3 write it: the wall clock, and not a word of its zone."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def zoned_iso(at: datetime) -> str:
    """A time with its zone."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch_seconds(at: datetime) -> int:
    """Whole seconds since 1970."""
    return int(at.timestamp())


def epoch_milliseconds(at: datetime) -> int:
    """Milliseconds since 1970."""
    return int(at.timestamp() * 1000)


class Drift:
    """A disturbance that wanders and comes back to nought, as weather does: neighbouring values resemble each other."""

    def __init__(self, rng: Random, *, spread: float, memory_seconds: float) -> None:
        self._rng, self._spread, self._memory = rng, spread, memory_seconds
        self._value = rng.gauss(0, spread)
        self._at: datetime | None = None

    def at(self, at: datetime) -> float:
        """The disturbance now; the longer since the last time it was asked for, the further it may have gone."""
        elapsed = 0.0 if self._at is None else max(0.0, (at - self._at).total_seconds())
        self._at = at
        kept = math.exp(-elapsed / self._memory)
        self._value = kept * self._value + self._spread * math.sqrt(1 - kept * kept) * self._rng.gauss(0, 1)
        return self._value


class Thermometer:
    """One of the five sensors: it speaks format 1 on one topic for all and format 2 on a topic of its own."""

    def __init__(self, number: int, seed: int, *, stamp: Stamp) -> None:
        self.device_id = f"Sensor {number}"
        self.place = PLACES[number - 1]
        self._stamp = stamp
        self._drift = Drift(seeded(seed, self.device_id), spread=0.7, memory_seconds=1200)

    def temperature(self, at: datetime) -> float:
        """Degrees Celsius at this place and instant, within what the sensor can show."""
        hour = hour_of(at)
        value = self.place.mean + daily(hour, self.place.swing) + self._drift.at(at)
        for centre, width, degrees in self.place.bumps:
            value += degrees * math.exp(-(((hour - centre) / width) ** 2))
        low, high = SENSOR_RANGE
        return min(high, max(low, value))

    def short(self, at: datetime) -> Reading:
        """Format 1: whole degrees, naive time."""
        body = {"id": self.device_id, "dt": naive_iso(at), "value": round(self.temperature(at))}
        return Reading(self.device_id, "sensors", body, "dt", "value", naive_iso)

    def full(self, at: datetime) -> Reading:
        """Format 2: with unit and place."""
        body = {
            "sensor_id": self.device_id,
            "type": "temperature",
            "value": round(self.temperature(at), 2),
            "unit": "C",
            "location": {"lat": self.place.lat, "lng": self.place.lng},
            "timestamp": self._stamp(at),
        }
        topic = f"sensors/{self.device_id.replace(' ', '_')}"
        return Reading(self.device_id, topic, body, "timestamp", "value", self._stamp)


class Station:
    """One of the ten telemetry devices; those with an even number say where they are (version 2 of format 3)."""

    def __init__(self, number: int, seed: int) -> None:
        self.number, self.device_id = number, f"device_{number:03d}"
        rng = seeded(seed, self.device_id)
        self.lat, self.lon = 47.37 + rng.uniform(-0.05, 0.05), 8.54 + rng.uniform(-0.07, 0.07)
        self._mean, self._swing = rng.uniform(8, 16), rng.uniform(4, 8)
        self._fronts = [(days * 86400, hpa, rng.uniform(0, math.tau)) for days, hpa in ((4.3, 8.0), (1.7, 3.0))]
        self._charge_seconds, self._charge_phase = rng.uniform(50, 90) * 3600, rng.random()
        self._warmth = Drift(rng, spread=0.8, memory_seconds=1800)
        self._damp = Drift(rng, spread=2.5, memory_seconds=1800)
        self._air = Drift(rng, spread=0.3, memory_seconds=900)

    def telemetry(self, at: datetime) -> Reading:
        """Version 1 or 2 of format 3."""
        departure = daily(hour_of(at), self._swing) + self._warmth.at(at)
        body: dict[str, Any] = {
            "timestamp": naive_iso(at),
            "device_id": self.device_id,
            "temperature": round(self._mean + departure, 2),
            # Warm air holds more water, so the same air is relatively drier by day.
            "humidity": round(min(100.0, max(5.0, 68 - 2.4 * departure + self._damp.at(at))), 2),
            "pressure": round(self._pressure(at), 2),
            "battery_level": round(self._battery(at), 2),
        }
        if self.number % 2 == 0:
            body["location"] = self._location(at)
        return Reading(self.device_id, f"telemetry/{self.device_id}", body, "timestamp", "temperature", naive_iso)

    def _pressure(self, at: datetime) -> float:
        waves = (hpa * math.sin(math.tau * at.timestamp() / period + phase) for period, hpa, phase in self._fronts)
        return 965 + sum(waves) + self._air.at(at)

    def _battery(self, at: datetime) -> float:
        spent = (at.timestamp() / self._charge_seconds + self._charge_phase) % 1
        return 100 - 88 * spent / 0.92 if spent < 0.92 else 12 + 88 * (spent - 0.92) / 0.08

    def _location(self, at: datetime) -> dict[str, float]:
        if self.number == STATIONS:  # the last one rides on a bus that goes round in 40 minutes
            angle = math.tau * (at.timestamp() % 2400) / 2400
            return {
                "lat": round(self.lat + 0.02 * math.sin(angle), 6),
                "lon": round(self.lon + 0.03 * math.cos(angle), 6),
            }
        return {"lat": round(self.lat, 6), "lon": round(self.lon, 6)}


def hour_of(at: datetime) -> float:
    """The hour of the day, in UTC, with its fraction."""
    utc = at.astimezone(UTC)
    return utc.hour + utc.minute / 60 + utc.second / 3600


def daily(hour: float, swing: float) -> float:
    """Warmest at three in the afternoon, coldest at three at night."""
    return swing * math.cos(math.tau * (hour - 15) / 24)
