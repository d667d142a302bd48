"""A backup amid all that goes on, put back elsewhere: nothing is missing that was acknowledged before it."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from iot_assets.ops.backup.manifest import backups
from iot_assets_tests.story.processes import wait_for
from iot_assets_tests.story.publisher import Publisher

if TYPE_CHECKING:
    from iot_assets_tests.brokers import Mosquitto
    from iot_assets_tests.story.conftest import HouseFactory
    from iot_assets_tests.story.processes import House

pytestmark = [pytest.mark.story, pytest.mark.broker]

RATE: Final = 300


def acknowledged(house: House) -> int:
    """What the lander's status says it has acknowledged; it is written now and then, so it lags and never leads."""
    status = house.lander_status()
    assert status is not None
    return status.acknowledged_messages


@pytest.mark.timeout(400)
def test_a_backup_amid_all_of_it_restores_to_what_was_acknowledged(
    mosquitto: Mosquitto, house_at: HouseFactory, tmp_path: Path
) -> None:
    house, target = house_at(mosquitto), tmp_path / "kept"
    began = time.time()
    messages = [
        ("sensors", json.dumps({"id": f"s{n % 20}", "dt": began + n / RATE, "value": n % 45}).encode())
        for n in range(300 * RATE)
    ]
    house.lander()
    stop, runs = threading.Event(), 0

    def minutes() -> None:
        nonlocal runs
        while not stop.is_set():
            house.materialize()
            runs += 1

    going = threading.Thread(target=minutes, name="minutes")
    promised: list[int] = []
    with Publisher(mosquitto.port, messages, per_second=RATE):
        wait_for(lambda: house.landed().total() > 0, "something in the lake")
        going.start()
        wait_for(lambda: runs > 0, "a first run")
        for _ in range(2):
            wait_for(lambda: acknowledged(house) > max(promised, default=0), "more messages acknowledged")
            promised.append(acknowledged(house))
            house.run("iot-assets", "backup", str(target))
        stop.set()
        going.join()
    house.close()
    for number, (kept, before) in enumerate(zip(backups(target), promised, strict=True)):
        again = house_at(mosquitto, IOT_MQTT__CLIENT_ID=f"another-{number}")
        again.run("iot-assets", "restore", str(kept))
        again.run("iot-assets", "land", "--until-idle", "1")
        landed = again.landed()
        assert all(landed[payload] == 1 for _, payload in messages[:before])
        assert max(landed.values()) == 1
        again.materialize()
        ((readings,),) = again.serving("select sum(n)::bigint from gold.readings_1d")
        ((outcomes,),) = again.serving("select sum(messages)::bigint from silver.outcome_counts")
        assert readings == landed.total() == outcomes
        again.close()
