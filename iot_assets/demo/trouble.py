"""What goes wrong in the field, on purpose and by the seed, so that the demo's tables have something to tell.

Belongs here: which message suffers what. Does not: what the platform makes of it (that is what the demo shows).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from iot_assets.demo.devices import seeded

if TYPE_CHECKING:
    from random import Random

    from iot_assets.demo.devices import Reading

#: kind → its share of all messages.
SHARES: Final = {
    "duplicate": 0.010,
    "out_of_order": 0.010,
    "late": 0.004,
    "out_of_range": 0.004,
    "wrong_clock": 0.002,
    "broken": 0.002,
    "silence": 0.0004,
}
#: What sensors report when they have no reading: not plugged in, shorted, or a scale of another kind.
_IMPOSSIBLE: Final = (-127, 999, 1250.5)
_OUT_OF_ORDER_SECONDS: Final = (1.0, 5.0)
_LATE_SECONDS: Final = (20.0, 300.0)
_SILENCE_SECONDS: Final = (60.0, 240.0)


@dataclass(slots=True)
class Trouble:
    """Decides the fate of each message; its own random source, so that values are the same with and without it."""

    seed: int
    _rng: Random = field(init=False)
    _silent_until: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._rng = seeded(self.seed, "trouble")

    def befall(self, reading: Reading, at: datetime) -> list[tuple[datetime, bytes]]:
        """When this reading is sent, and as which bytes: usually once and at once."""
        kind = self._kind()
        if self._silent_until.get(reading.device_id, at) > at:
            return []
        times, data = [at], payload(reading)
        match kind:
            case "silence":
                self._silent_until[reading.device_id] = self._after(at, _SILENCE_SECONDS)
                times = []
            case "duplicate":
                times = [at, self._after(at, _OUT_OF_ORDER_SECONDS)]
            case "out_of_order":
                times = [self._after(at, _OUT_OF_ORDER_SECONDS)]
            case "late":
                times = [self._after(at, _LATE_SECONDS)]
            case "out_of_range":
                data = payload(_with(reading, reading.value_field, self._rng.choice(_IMPOSSIBLE)))
            case "wrong_clock":
                data = payload(_with(reading, reading.time_field, reading.stamp(self._wrong_time(at))))
            case "broken":
                data = self._broken(data)
        return [(time, data) for time in times]

    def _kind(self) -> str | None:
        """Drawn for each message, also for those of a silent device: one's fate does not change another's."""
        drawn = self._rng.random()
        for kind, share in SHARES.items():
            drawn -= share
            if drawn < 0:
                return kind
        return None

    def _after(self, at: datetime, seconds: tuple[float, float]) -> datetime:
        return at + timedelta(seconds=self._rng.uniform(*seconds))

    def _wrong_time(self, at: datetime) -> datetime:
        """A clock that never heard of the time: it began in 1970, ran ahead by hours, or overflowed."""
        match self._rng.randrange(3):
            case 0:
                return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=self._rng.uniform(5, 90_000))
            case 1:
                return at + timedelta(hours=self._rng.randint(1, 14))
            case _:
                return datetime(2106, 2, 7, 6, 28, 15, tzinfo=UTC)

    def _broken(self, whole: bytes) -> bytes:
        match self._rng.randrange(3):
            case 0:
                return whole[: self._rng.randrange(1, len(whole) - 1)]
            case 1:
                return whole.replace(b":", b"=", 1)
            case _:
                return b"\xff\xfe" + whole


def payload(reading: Reading) -> bytes:
    """The bytes a healthy device sends."""
    return json.dumps(reading.body).encode()


def _with(reading: Reading, name: str, value: Any) -> Reading:
    return replace(reading, body={**reading.body, name: value})
