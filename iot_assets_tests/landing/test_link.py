"""How the lander gets on with brokers: versions, sessions, subscriptions, refusals, coming back."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from iot_assets_tests.brokers import FRIENDLY, STOCK, Mosquitto
from iot_assets_tests.landing.harness import (
    Running,
    landed_payloads,
    landed_rows,
    numbered,
    said,
    settings_for,
    wait_for,
)

if TYPE_CHECKING:
    from pathlib import Path

    from iot_assets_tests.conftest import MosquittoFactory
    from iot_assets_tests.landing.conftest import GateFactory

pytestmark = pytest.mark.broker


@pytest.fixture(autouse=True)
def _hear_everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


@pytest.mark.parametrize("bulk", [True, False])
def test_a_message_is_landed_with_all_that_mqtt_5_says_about_it(
    mosquitto: Mosquitto, tmp_path: Path, *, bulk: bool
) -> None:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = "application/json"
    properties.UserProperty = [("site", "a"), ("via", "x"), ("via", "y"), ("via", "z")]
    with Running(settings_for(tmp_path / "data", mosquitto.port, mqtt={"bulk_reading": bulk})) as lander:
        lander.connected()
        mosquitto.publish([("t/é", b"\xff\x00")], properties=properties)
        mosquitto.publish([("t/plain", b"")], qos=0)
        wait_for(lambda: (s := lander.status) and s.received_messages == 2, "two messages")
    first, second = landed_rows(tmp_path / "data")
    assert first["message_id"] < second["message_id"]
    assert json.loads(first.pop("attributes")) == {"site": "a", "via": ["x", "y", "z"]}
    expected: dict[str, Any] = {
        "source": "mqtt:iot-assets", "topic": "t/é", "payload": b"\xff\x00", "content_type": "application/json",
        "qos": 1, "retain": False, "dup": False, "session": 1,
    }  # fmt: skip
    assert {name: first[name] for name in expected} == expected
    assert first["packet_id"] > 0
    assert (second["payload"], second["qos"], second["packet_id"]) == (b"", 0, 0)
    assert (second["content_type"], second["attributes"]) == (None, None)


@pytest.mark.parametrize("on_5", ["refuse", "hang up"])
def test_it_falls_back_to_3_1_1_where_the_broker_will_not_speak_5(
    mosquitto: Mosquitto, gate_before: GateFactory, tmp_path: Path, on_5: str
) -> None:
    gate = gate_before(mosquitto.port, on_5=on_5)
    with Running(settings_for(tmp_path / "data", gate.port)) as lander:
        assert lander.connected().protocol == "3.1.1"
        mosquitto.publish(numbered(50))
        wait_for(lambda: (s := lander.status) and s.acknowledged_messages == 50, "acknowledgements")
    assert gate.levels == ([5, 4] if on_5 == "refuse" else [5, 5, 4])
    # The session is one that persists: what comes meanwhile waits for us.
    mosquitto.publish(numbered(50, 50))
    with Running(settings_for(tmp_path / "data", gate.port)) as lander:
        wait_for(lambda: (s := lander.status) and s.received_messages == 50, "what waited")
    assert sorted(map(int, landed_payloads(tmp_path / "data"))) == list(range(100))


def test_a_version_that_is_prescribed_is_not_given_up(
    mosquitto: Mosquitto, gate_before: GateFactory, tmp_path: Path
) -> None:
    gate = gate_before(mosquitto.port, on_5="refuse")
    with Running(settings_for(tmp_path / "data", gate.port, mqtt={"protocol": "5"})) as lander:
        status = wait_for(lambda: (s := lander.status) and s.broker_problem and s, "a refusal")
        wait_for(lambda: len(gate.levels) >= 2, "a second attempt")
    assert "does not know the version of MQTT in mqtt.protocol" in status.broker_problem
    assert set(gate.levels) == {5}


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_retained_messages_come_once_and_not_again_on_reconnecting(
    mosquitto: Mosquitto, gate_before: GateFactory, tmp_path: Path, protocol: str
) -> None:
    mosquitto.publish(numbered(5), retain=True)
    gate = gate_before(mosquitto.port)
    settings = settings_for(tmp_path / "data", gate.port, mqtt={"protocol": protocol})
    with Running(settings) as lander:
        wait_for(lambda: (s := lander.status) and s.acknowledged_messages == 5, "the retained messages")
        gate.cut()
        wait_for(lambda: (s := lander.status) and s.session == 2 and s.connected, "a reconnection")
        mosquitto.publish(numbered(1, 100))
        wait_for(lambda: (s := lander.status) and s.received_messages > 5, "the live message")
    with Running(settings) as lander:
        lander.connected()
        mosquitto.publish(numbered(1, 101))
        wait_for(lambda: (s := lander.status) and s.received_messages, "the live message")
    rows = landed_rows(tmp_path / "data")
    assert [int(row["payload"]) for row in rows if not row["retain"]] == [100, 101]
    assert len(rows) == 7
    assert [row["session"] for row in rows] == [1] * 5 + [2, 3]


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_topic_taken_out_of_the_settings_is_unsubscribed_and_a_new_one_subscribed(
    mosquitto: Mosquitto, tmp_path: Path, protocol: str
) -> None:
    def settings(topics: str) -> Any:
        return settings_for(tmp_path / "data", mosquitto.port, mqtt={"protocol": protocol, "topics": topics})

    with Running(settings("t/old,t/both")) as lander:
        lander.connected()
    with Running(settings("t/both,t/new")) as lander:
        lander.connected()
        mosquitto.publish([("t/old", b"old"), ("t/both", b"both"), ("t/new", b"new")])
        wait_for(lambda: (s := lander.status) and s.received_messages >= 2, "messages")
    assert landed_payloads(tmp_path / "data") == [b"both", b"new"]


def test_acknowledgements_on_their_way_at_the_end_arrive(
    mosquitto: Mosquitto, gate_before: GateFactory, tmp_path: Path
) -> None:
    gate = gate_before(mosquitto.port)
    settings = settings_for(tmp_path / "data", gate.port, lander={"in_flight_messages": 100})
    with Running(settings) as lander:
        lander.connected()
    mosquitto.publish([(topic, payload.ljust(500)) for topic, payload in numbered(5000)])
    # Stopped in full flow, it closes a socket that holds unread messages; that must not overtake what it sent.
    with Running(settings) as lander:
        wait_for(lambda: (s := lander.status) and s.acknowledged_messages, "some messages")
        gate.slow = 0.3
    gate.slow = 0.0
    with Running(settings) as lander:
        wait_for(lambda: len(set(landed_payloads(tmp_path / "data"))) == 5000, "the rest")
    assert [int(payload) for payload in landed_payloads(tmp_path / "data")] == list(range(5000))


def test_a_session_that_is_gone_raises_an_alert(
    mosquitto_factory: MosquittoFactory, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = mosquitto_factory([line for line in FRIENDLY if line != "persistence true"])
    settings = settings_for(tmp_path / "data", broker.port)
    with Running(settings) as lander:
        assert lander.connected().session_lost == 0
        assert not said(caplog.records, "IS LOST")
        broker.stop(signal.SIGKILL)
        wait_for(lambda: (s := lander.status) and not s.connected, "the loss of the connection")
        broker.start()
        assert wait_for(lambda: (s := lander.status) and s.connected and s, "a connection").session_lost == 1
        assert len(said(caplog.records, "THE SESSION AT 127.0.0.1")) == 1
        broker.publish(numbered(10))
        wait_for(lambda: (s := lander.status) and s.acknowledged_messages == 10, "messages in the new session")
    broker.stop()
    broker.start()
    with Running(settings) as lander:
        assert lander.connected().session_lost == 2


def test_a_broker_that_goes_is_said_once_and_gone_on_with_when_it_is_back(
    mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mosquitto.stop()
    settings = settings_for(tmp_path / "data", mosquitto.port)
    with Running(settings) as lander:
        wait_for(lambda: (s := lander.status) and s.broker_problem, "trouble")
        mosquitto.start()
        lander.connected()
        mosquitto.publish(numbered(10))
        mosquitto.stop()
        wait_for(lambda: (s := lander.status) and s.broker_problem, "trouble")
        mosquitto.start()
        wait_for(lambda: (s := lander.status) and s.connected and s.session == 2, "a connection")
        mosquitto.publish(numbered(10, 10))
        wait_for(lambda: set(map(int, landed_payloads(tmp_path / "data"))) == set(range(20)), "all messages")
    refused = said(caplog.records, "refuses connections: is it running, and is mqtt.port right?")
    assert 1 <= len(refused) <= 2  # once in each of the two absences


def test_a_wrong_password_is_said_and_the_right_one_is_used_without_a_restart(
    mosquitto_factory: MosquittoFactory, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "reader", "right"], check=True)
    passwords.chmod(0o600)
    broker = mosquitto_factory([*FRIENDLY[1:], "allow_anonymous false", f"password_file {passwords}"])
    secret = tmp_path / "secret"
    secret.write_text("wrong\n")
    mqtt = {"username": "reader", "password_file": secret}
    with Running(settings_for(tmp_path / "data", broker.port, mqtt=mqtt)) as lander:
        wait_for(lambda: (s := lander.status) and s.broker_problem, "the refusal")
        assert "mqtt.username and" in str(lander.status and lander.status.broker_problem)
        wait_for(lambda: broker.log.count("not authorised") >= 3, "some attempts")
        secret.write_text("right\n")
        lander.connected()
    assert len([r for r in caplog.records if r.levelno >= logging.ERROR]) == 1


def test_a_host_that_nobody_knows_is_named(tmp_path: Path) -> None:
    with Running(settings_for(tmp_path / "data", 1883, mqtt={"host": "no-such-host.invalid"})) as lander:
        status = wait_for(lambda: (s := lander.status) and s.broker_problem and s, "trouble")
    assert "the MQTT broker at no-such-host.invalid:1883 cannot be found" in status.broker_problem


def test_a_subscription_that_is_refused_raises_an_alert_and_is_asked_for_again(
    mosquitto: Mosquitto, gate_before: GateFactory, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gate = gate_before(mosquitto.port)
    gate.deny = True
    with Running(settings_for(tmp_path / "data", gate.port, mqtt={"topics": "t/a,t/b"})) as lander:
        wait_for(lambda: (s := lander.status) and s.broker_problem, "the refusal")
        assert "refused the subscription to t/b; see mqtt.topics" in str(lander.status and lander.status.broker_problem)
        gate.deny = False
        wait_for(lambda: said(caplog.records, "the broker granted the subscription"), "another answer")


def test_two_landers_with_one_client_id_are_told_so_even_where_the_broker_says_nothing(
    mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = tmp_path / "data"
    with (
        Running(settings_for(data, mosquitto.port)),
        Running(settings_for(data, mosquitto.port, lander={"name": "rival"})),
    ):
        wait_for(lambda: said(caplog.records, "wo landers need two (mqtt.client_id)"), "a word about their quarrel")
        mosquitto.publish(numbered(50))
        wait_for(lambda: set(map(int, landed_payloads(data))) == set(range(50)), "all messages, whoever took them")


def test_a_broker_that_hangs_up_on_whoever_asks_for_its_drops_is_asked_no_more(
    mosquitto: Mosquitto, gate_before: GateFactory, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gate = gate_before(mosquitto.port)
    gate.hang_up_on = b"$SYS/"
    with Running(settings_for(tmp_path / "data", gate.port)) as lander:
        wait_for(lambda: (s := lander.status) and s.session == 3 and s.connected, "peace")
        mosquitto.publish(numbered(10))
        wait_for(lambda: (s := lander.status) and s.received_messages == 10, "messages")
    assert len(said(caplog.records, "so its drops are not watched")) == 1


def test_what_the_broker_dropped_is_in_the_status_and_not_in_the_lake(
    mosquitto_factory: MosquittoFactory, tmp_path: Path
) -> None:
    broker = mosquitto_factory([*STOCK, "sys_interval 1"])
    settings = settings_for(tmp_path / "data", broker.port)
    with Running(settings) as lander:
        assert wait_for(lambda: (s := lander.status) and s.dropped_by_broker is not None and s, "$SYS")
    broker.publish(numbered(1500))
    with Running(settings) as lander:
        status = wait_for(lambda: (s := lander.status) and s.received_messages >= 1000 and s, "what was kept")
        status = wait_for(lambda: (s := lander.status) and (s.dropped_by_broker or 0) >= 400 and s, "the count")
    assert all(row["topic"].startswith("t/") for row in landed_rows(tmp_path / "data"))
    assert status.dropped_by_broker_before is not None
