"""The registry file is landed like any message, on each change, and silver tells what held when."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from iot_assets_tests.story.processes import wait_for
from iot_assets_tests.story.publisher import Publisher

if TYPE_CHECKING:
    from iot_assets_tests.brokers import Mosquitto
    from iot_assets_tests.story.conftest import HouseFactory

pytestmark = [pytest.mark.story, pytest.mark.broker]


def sensor(name: str, most: int, site: str = "hall") -> dict[str, Any]:
    return {"id": name, "type": "temperature", "unit": "Cel", "site": site, "range": {"min": 0, "max": most}}


def test_each_change_is_landed_and_the_devices_have_a_history(
    mosquitto: Mosquitto, house_at: HouseFactory, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("registry") / "sensors.json"
    file.write_text(json.dumps({"sensors": [sensor("same", 45), sensor("moves", 45), sensor("goes", 45)]}))
    house = house_at(mosquitto, IOT_REGISTRY__FILE=str(file))

    def hear_from(*devices: str) -> None:
        now = time.time()
        readings = [{"id": device, "type": "temperature", "dt": now, "value": 40} for device in devices]
        messages = [("sensors", json.dumps(reading).encode()) for reading in readings]
        before = house.landed().total()
        with Publisher(mosquitto.port, messages) as publisher:
            publisher.wait()
        wait_for(lambda: house.landed().total() == before + len(devices), "the readings in the lake")

    def registries() -> int:
        return house.landed("registry").total()

    lander = house.lander()
    wait_for(lambda: registries() == 1, "the registry in the lake")
    hear_from("same", "moves", "goes", "comes")
    house.materialize()

    file.write_text(json.dumps({"sensors": [sensor("same", 45), sensor("moves", 30, "attic"), sensor("comes", 45)]}))
    wait_for(lambda: registries() == 2, "the changed registry in the lake")
    lander.end()
    lander = house.lander()  # which does not land again what has been landed
    hear_from("same", "moves", "goes", "comes")
    house.materialize()
    assert registries() == 2
    lander.end()

    first, second = (
        at for (at,) in house.warehouse("select received_at from bronze.messages where source = 'registry' order by 1")
    )
    history = house.serving(
        "select device_id, origin, kind, site, valid_from_at, valid_to_at from silver.devices order by 1, 5"
    )
    assert history == [
        ("comes", "declared", "temperature", "hall", second, None),
        ("goes", "declared", "temperature", "hall", first, second),
        ("moves", "declared", "temperature", "hall", first, second),
        ("moves", "declared", "temperature", "attic", second, None),
        ("same", "declared", "temperature", "hall", first, None),
    ]
    # Readings are judged by what held when they were received.
    judged = house.serving("select device_id, unit, flags from silver.readings order by device_id, received_at")
    assert judged == [
        ("comes", None, ["unknown_device"]),
        ("comes", "Cel", []),
        ("goes", "Cel", []),
        ("goes", None, ["unknown_device"]),
        ("moves", "Cel", []),
        ("moves", "Cel", ["out_of_range"]),
        ("same", "Cel", []),
        ("same", "Cel", []),
    ]
    assert house.serving("select sum(messages)::bigint from silver.outcome_counts where outcome = 'not_telemetry'") == [
        (2,)
    ]
