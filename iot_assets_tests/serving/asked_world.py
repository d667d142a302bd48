"""A small published world in which each of the ready questions has an answer: two rooms, a meter, a device in a hurry.

Belongs here: what is sent. Does not: expectations.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from iot_assets.sections.quality import Quality
from iot_assets.sections.status import Status
from iot_assets.warehouse import device_status, quality
from iot_assets_tests.house import RUN
from iot_assets_tests.lake_builder import NOON, LakeBuilder, Message, at, registry, said

if TYPE_CHECKING:
    from iot_assets_tests.house import House

#: Noon of the day before yesterday, in seconds after the lander's: hits of rules are published for recent weeks.
START: Final = ((datetime.now(UTC).date() - NOON.date()).days - 2) * 86_400
MINUTES: Final = 26 * 60
#: b is silent in these minutes.
SILENT: Final = range(600, 640)
#: Readings of the device in a hurry: seconds after the start, and value. Two fall into one second.
HURRIED: Final = ((0.0, 1.0), (10.25, 2.0), (10.75, 5.0), (70.75, 5.0))
REGISTRY: Final[dict[str, dict[str, Any]]] = {
    "a": {"kind": "room", "site": "hall", "lat": 48.0, "lon": 11.0, "expected_interval_s": 60},
    "b": {"kind": "room", "site": "hall", "lat": 48.01, "lon": 11.0, "expected_interval_s": 60},
    "m": {"kind": "meter", "site": "yard", "lat": 49.0, "lon": 11.0, "expected_interval_s": 60},
    "never": {"kind": "meter", "site": "yard"},
}


def temperature(minute: int) -> float:
    """Of room a; one minute is far out."""
    return 29.5 if minute == 300 else round(20 + 3 * math.sin(minute / 200), 3)


def meter(minute: int) -> dict[str, Any]:
    """A counter that starts again at 0 at minute 900, a pump that runs every third quarter, and what it says."""
    on = (minute // 15) % 3 == 0
    counted = float(minute if minute < 900 else minute - 900)
    return {"power": 100.0, "energy_total": counted, "pump": int(on), "state": "busy" if on else "idle"}


def publish_world(house: House) -> None:
    """Send all of it, judge it, publish it."""
    registered = registry(START - 3600, REGISTRY)
    rooms = [_room("a", m, temperature(m)) for m in range(MINUTES)]
    rooms += [_room("b", m, round(temperature(m) + 0.5 + 0.01 * (m % 7), 3)) for m in range(MINUTES) if m not in SILENT]
    meters = [said("m", START + 60 * m, **meter(m)) for m in range(MINUTES)]
    quick = [said("q", START + s, value=value) for s, value in HURRIED]
    odd = [
        Message(received_at=at(START + 100), topic="devices/b/up", payload=b"{"),
        rooms[5],
        said("a", START + 60 * 7, received=START + 900, temperature=21.5, humidity=50),  # another value for that minute
        said("a", START + 60 * 20 + 1, received=START + 4000, temperature=-200.0),
    ]
    LakeBuilder(house.paths, "registry").land(registered)
    LakeBuilder(house.paths).land(*rooms, *meters, *quick, *odd)
    house.run()
    end = at(START + 60 * MINUTES)
    with house.open() as connection:
        quality.update(connection, Quality(lag_minutes=0), end, run_id=RUN)
        device_status.update(connection, Status(), end + timedelta(hours=2), run_id=RUN)
    house.publish()


def _room(device: str, minute: int, temperature: float) -> Message:
    return said(device, START + 60 * minute, temperature=temperature, humidity=50 - round(temperature, 1))


def instant(seconds: float) -> datetime:
    """So many seconds after the start."""
    return at(START + seconds)
