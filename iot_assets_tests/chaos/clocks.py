"""Episodes of the clock: the lander's clock is stepped back and forth, across leap days, changes of summer time, years.

The clock is an injected one: ``time.time`` and ``time.time_ns`` of this process. Belongs here: stepping it, judging
what becomes of the tables. Does not: clocks of devices, of which the publishers' late messages tell.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from unittest import mock

from iot_assets_tests.chaos import world
from iot_assets_tests.chaos.landing import Landed, Landing
from iot_assets_tests.chaos.ledger import Outcome
from iot_assets_tests.house import house_in

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

#: Shortly before something happens to clocks somewhere.
_BEGINS: Final = (
    datetime(2024, 2, 28, 23, 58, tzinfo=UTC),
    datetime(2024, 2, 29, 23, 58, tzinfo=UTC),
    datetime(2025, 3, 30, 0, 58, tzinfo=UTC),
    datetime(2025, 10, 26, 0, 58, tzinfo=UTC),
    datetime(2025, 12, 31, 23, 58, tzinfo=UTC),
)
_STEPS: Final = (-0.001, 1, -1, 59, -61, 3600, -3600, 7200, -86_400, 86_400, -90_000, 31 * 86_400, -366 * 86_400)


class Clock:
    """A clock that goes by hand."""

    def __init__(self, at: float) -> None:
        self.at = at

    def time(self) -> float:
        self.at += 0.0001
        return self.at

    def time_ns(self) -> int:
        return int(self.time() * 1e9)


def step(chance: Random, folder: Path) -> Iterator[Outcome]:
    """Thirty steps of the clock, with messages, seals and starts between; in the end the tables are the oracle's."""
    house = house_in(folder / "data")
    house.paths.root.mkdir()
    clock = Clock(chance.choice(_BEGINS).timestamp())
    sent: list[bytes] = []
    acknowledged: list[bytes] = []
    starts: list[int] = []
    steps: list[float] = []

    def begin() -> Landing:
        landing = Landing(house.paths.root)
        starts.append(landing.state.now.start_ms)
        landing.connect()
        return landing

    with mock.patch.object(time, "time", clock.time), mock.patch.object(time, "time_ns", clock.time_ns):
        landing = begin()
        for _ in range(30):
            steps.append(chance.choice(_STEPS))
            clock.at += steps[-1]
            made = [
                world.payload(
                    chance.choice("ab"), round(clock.at - chance.choice([0, 0, 1, 90, 4000]), 3), len(sent) + n
                )
                for n in range(chance.randint(1, 5))
            ]
            sent += made
            landing.take(made, acknowledged.extend)
            landing.turn(seal=False)
            clock.at += chance.uniform(0, 100)
            landing.turn(seal=False)
            if chance.random() < 0.15:
                landing.end()
                landing = begin()
        landing.end()
    house.run()
    landed = Landed(house.paths.root)
    with house.open() as connection:
        problem = world.wrong(connection, world.seen(house.paths))
    if sorted(landed.payloads.elements()) != sorted(sent) or sorted(acknowledged) != sorted(sent):
        problem = f"{len(sent)} sent, {len(acknowledged)} acknowledged, {landed.payloads.total()} landed"
    if any(n > 1 for n in landed.ids.values()) or starts != sorted(set(starts)):
        problem = f"message ids or starts are not unique: {starts}"
    shutil.rmtree(house.paths.root)
    for number, seconds in enumerate(steps):
        name = f"clock: {'forth' if seconds > 0 else 'back'}"
        yield Outcome(name, problem and f"{steps}: {problem}" if number == len(steps) - 1 else None)
