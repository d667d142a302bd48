from __future__ import annotations

import ast
import inspect
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

import iot_assets.landing
from iot_assets.landing.paho_private import PRIVATE_NAMES, BulkClient, topic_of


def test_each_private_name_is_there_in_the_installed_paho() -> None:
    owners = {"client": Client(CallbackAPIVersion.VERSION2), "message": MQTTMessage()}
    for owner, names in PRIVATE_NAMES.items():
        for name in names:
            assert hasattr(owners[owner], name), f"paho's {owner} has no {name} any more"
    assert list(inspect.signature(Client._packet_queue).parameters)[1:5] == ["command", "packet", "mid", "qos"]


def test_a_client_that_reads_ahead_takes_no_name_of_paho_s_but_those_it_means_to() -> None:
    stock, bulk = Client(CallbackAPIVersion.VERSION2), BulkClient(lambda _, at: at, CallbackAPIVersion.VERSION2)
    own = {*vars(BulkClient), *(vars(bulk).keys() - vars(stock).keys())} - set(dir(object))
    assert {"_data", "_whole"} <= own
    assert {name for name in own if hasattr(stock, name)} == {"__module__", "loop_read", "_sock_recv"}
    assert list(inspect.signature(Client._sock_recv).parameters)[1:] == ["bufsize"]


def test_no_other_module_of_the_room_touches_a_private_name_of_paho() -> None:
    names = {name for names in PRIVATE_NAMES.values() for name in names}
    for module in Path(iot_assets.landing.__path__[0]).glob("*.py"):
        if module.name != "paho_private.py" and "paho" in (code := module.read_text()):
            used = {n.attr for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Attribute)}
            assert not names & used, module.name


def test_a_topic_that_is_not_utf_8_keeps_its_bytes_visible() -> None:
    assert topic_of(MQTTMessage(topic=b"t/\xff")) == r"t/\xff"
    assert topic_of(MQTTMessage(topic="t/é".encode())) == "t/é"
