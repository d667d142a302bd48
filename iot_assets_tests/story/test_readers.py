"""Readers never block and are never blocked: ten of them, all ways of reading, during full operation."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from iot_assets_tests.story.processes import wait_for, wants_the_long_form
from iot_assets_tests.story.publisher import Publisher

if TYPE_CHECKING:
    from iot_assets_tests.brokers import Mosquitto
    from iot_assets_tests.story.conftest import HouseFactory

pytestmark = [pytest.mark.story, pytest.mark.broker]

SECONDS: Final = 180 if wants_the_long_form() else 30
READERS: Final = ("python",) * 4 + ("cli",) * 3 + ("query",) * 3
RATE: Final = 200


@pytest.mark.timeout(SECONDS + 300)
def test_ten_readers_see_no_error_while_all_of_it_runs(mosquitto: Mosquitto, house_at: HouseFactory) -> None:
    house = house_at(mosquitto)
    stop = house.folder / "stop"
    began = time.time()
    messages = [
        ("sensors", json.dumps({"id": f"s{n % 20}", "dt": began + n / RATE, "value": n % 45}).encode())
        for n in range((SECONDS + 120) * RATE)
    ]
    lander = house.lander()
    with Publisher(mosquitto.port, messages, per_second=RATE) as publisher:
        wait_for(lambda: house.landed().total() > 0, "something in the lake")
        house.materialize()
        reader = str(Path(__file__).with_name("reader.py"))
        readers = house.start(sys.executable, reader, str(house.paths.serving), str(stop), *READERS)
        (at_first,) = house.serving("select sum(n)::bigint from gold.readings_1min")
        until, runs = time.monotonic() + SECONDS, 0
        while time.monotonic() < until or runs < 2:
            house.materialize()
            runs += 1
            readers.must_run()
        lander.must_run()
        stop.touch()
        readers.succeed()
    lander.end()
    (at_last,) = house.serving("select sum(n)::bigint from gold.readings_1min")
    assert at_last > at_first
    assert publisher.acknowledged > 0
    reads = [line.split() for line in readers.log.splitlines()]
    assert sorted(way for way, _ in reads) == sorted(READERS)
    assert all(int(count) > 0 for _, count in reads)
    print(f"{runs} publications; reads: {reads}")
