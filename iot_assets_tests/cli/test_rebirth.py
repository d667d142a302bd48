"""Asking edge nodes for their births, by hand and, where the settings want it, by schedule; with a real broker."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
from click.testing import CliRunner
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from iot_assets.assets.rebirth import nodes_waited_for
from iot_assets.cli.main import root
from iot_assets.decoders.readers.sparkplug_schema import Payload
from iot_assets.definitions import build_defs
from iot_assets.errors import BrokerError
from iot_assets.settings import Settings
from iot_assets_tests.decoders.sparkplug import birth, metric, payload
from iot_assets_tests.lake_builder import LakeBuilder, Message, at

if TYPE_CHECKING:
    from iot_assets_tests.brokers import Mosquitto
    from iot_assets_tests.house import House

pytestmark = pytest.mark.broker


class EdgeNode:
    """Waits for commands."""

    def __init__(self, broker: Mosquitto, *topics: str) -> None:
        self.said: list[paho.MQTTMessage] = []
        self._heard, self._ready = threading.Semaphore(0), threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._on_message
        self._client.connect(broker.host, broker.port)
        self._client.subscribe([(topic, 1) for topic in topics])
        self._client.loop_start()
        assert self._ready.wait(10)

    def _on_message(self, _client: Any, _userdata: Any, message: paho.MQTTMessage) -> None:
        self.said.append(message)
        self._heard.release()

    def commands(self, n: int) -> dict[str, Any]:
        for _ in range(n):
            assert self._heard.acquire(timeout=10)
        self._client.disconnect()
        self._client.loop_stop()
        return {m.topic: Payload.FromString(m.payload) for m in self.said}


def data(node: str) -> Message:
    body = payload(metric(alias=1, double=1.0))
    return Message(received_at=at(1), topic=f"spBv1.0/g/NDATA/{node}", payload=body)


def test_the_verb_asks_each_node(at_home: House, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    node = EdgeNode(mosquitto, "spBv1.0/g/NCMD/+")
    monkeypatch.setenv("IOT_MQTT__PORT", str(mosquitto.port))
    result = CliRunner().invoke(root, ["rebirth", "g/n", "g/m"])
    assert result.exit_code == 0, result.output
    commands = node.commands(2)
    assert set(commands) == {"spBv1.0/g/NCMD/n", "spBv1.0/g/NCMD/m"}
    (asked,) = commands["spBv1.0/g/NCMD/n"].metrics
    assert (asked.name, asked.datatype, asked.boolean_value) == ("Node Control/Rebirth", 11, True)
    assert not node.said[0].retain


@pytest.mark.parametrize("node", ["n", "g/", "g/+"])
def test_what_is_no_node_is_refused(at_home: House, node: str) -> None:
    result = CliRunner().invoke(root, ["rebirth", node])
    assert result.exit_code == 2
    assert "group/node" in result.output


def test_no_broker_is_a_sentence(at_home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOT_MQTT__PORT", "1")
    result = CliRunner().invoke(root, ["rebirth", "g/n"])
    assert isinstance(result.exception, BrokerError)
    assert "refuses connections" in str(result.exception)


def test_only_nodes_whose_data_is_held_are_asked(house: House, mosquitto: Mosquitto) -> None:
    LakeBuilder(house.paths).land(
        Message(received_at=at(0), topic="spBv1.0/g/NBIRTH/known", payload=birth(a=1)), data("known"), data("n")
    )
    house.run()
    with house.open() as connection:
        assert nodes_waited_for(connection) == ["g/n"]
    node = EdgeNode(mosquitto, "spBv1.0/g/NCMD/+")
    mqtt = house.settings.mqtt.model_copy(update={"port": mosquitto.port})
    defs = build_defs(house.settings.model_copy(update={"mqtt": mqtt}))
    with dg.DagsterInstance.ephemeral() as instance:
        assert defs.resolve_job_def("rebirth").execute_in_process(instance=instance).success
    assert set(node.commands(1)) == {"spBv1.0/g/NCMD/n"}


def test_the_schedule_is_there_only_where_the_settings_want_it(house: House) -> None:
    def scheduled(settings: Settings) -> bool:
        return any(s.name == "rebirth" for s in build_defs(settings).schedules or [])

    assert not scheduled(house.settings)
    wanted = house.settings.sparkplug.model_copy(update={"rebirth": True})
    assert scheduled(house.settings.model_copy(update={"sparkplug": wanted}))
