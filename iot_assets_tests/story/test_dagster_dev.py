"""``dagster dev`` and a broker alone are a complete system: the sensor drains, the minute runs, gold fills."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from typing import TYPE_CHECKING, Final

import pytest

from iot_assets_tests.brokers import free_port
from iot_assets_tests.story.processes import wait_for, wants_the_long_form
from iot_assets_tests.story.publisher import Publisher

if TYPE_CHECKING:
    from iot_assets_tests.brokers import Mosquitto
    from iot_assets_tests.story.conftest import HouseFactory
    from iot_assets_tests.story.processes import House

pytestmark = [
    pytest.mark.story,
    pytest.mark.broker,
    pytest.mark.skipif(
        not (wants_the_long_form() or os.environ.get("CI")),
        reason="DAGSTER DEV ITSELF WAS NOT RUN: it takes minutes of the clock; STORY_LONG=1 or CI=1 asks for it",
    ),
]

RATE: Final = 50
GOING_WELL: Final = frozenset({"NOT_STARTED", "QUEUED", "STARTING", "STARTED", "SUCCESS"})


@pytest.mark.timeout(900)
def test_dagster_dev_and_a_broker_are_enough(mosquitto: Mosquitto, house_at: HouseFactory) -> None:
    house = house_at(mosquitto)
    began = time.monotonic()
    dev = house.start("dagster", "dev", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(free_port()))

    def drains() -> bool:
        dev.must_run()
        status = house.lander_status()
        return status is not None and status.mode == "sensor" and status.connected

    wait_for(drains, "the sensor's first look at the broker", patience=240)
    print(f"drains after {time.monotonic() - began:.0f} s")
    first_at = time.time()
    messages = [
        ("sensors", json.dumps({"id": f"s{n % 5}", "dt": first_at + n / RATE, "value": n % 45}).encode())
        for n in range(RATE * 60)
    ]
    with Publisher(mosquitto.port, messages, per_second=RATE) as publisher:
        wait_for(lambda: readings_in_gold(house) > 0, "the first figures in gold", patience=400, pause=1)
        print(f"gold fills after {time.monotonic() - began:.0f} s")
        publisher.wait()
    # A silence follows, and yet the last of them arrives.
    wait_for(lambda: readings_in_gold(house) == len(messages), "all figures in gold", patience=400, pause=1)
    print(f"gold is full after {time.monotonic() - began:.0f} s")
    assert house.landed() == dict.fromkeys((payload for _, payload in messages), 1)
    dev.must_run()
    assert statuses_of_runs(house) <= GOING_WELL

    os.kill(dev.pid, signal.SIGTERM)
    dev.wait(120)
    wait_for(lambda: not house.survivors(), "the end of all that dagster dev had started", patience=30)


def readings_in_gold(house: House) -> int:
    assert statuses_of_runs(house) <= GOING_WELL, house.started[-1].log[-6000:]
    if not house.paths.serving.exists():
        return 0
    (found,) = house.serving("select coalesce(sum(n), 0)::bigint from gold.readings_1min")
    return int(found[0])


def statuses_of_runs(house: House) -> set[str]:
    with sqlite3.connect(f"file:{house.paths.dagster / 'history' / 'runs.db'}?mode=ro", uri=True) as runs:
        return {status for (status,) in runs.execute("select distinct status from runs where pipeline_name = 'minute'")}
