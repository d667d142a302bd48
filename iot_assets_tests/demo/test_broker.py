"""The broker of our own keeps what MQTT 3.1.1 promises: seen by real paho clients, and packet by packet."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from iot_assets.demo.broker import DROPPED_TOPIC, Broker
from iot_assets.demo.packets import Ack, Bare, Kind, Publish, Subscribe, Unsubscribe, encode
from iot_assets.demo.sessions import Bounds
from iot_assets_tests.demo.clients import Paho, Raw, running
from iot_assets_tests.waiting import eventually


@pytest.fixture
def broker() -> Iterator[Broker]:
    with running(sys_seconds=0.1) as started:
        yield started


def away(broker: Broker, *topics: str, client_id: str = "raw") -> None:
    """Leave a persistent session with these subscriptions behind."""
    raw = Raw(broker.port, client_id, clean_session=False)
    raw.subscribe(*((topic, 1) for topic in topics))
    raw.send(Bare(Kind.DISCONNECT))
    assert raw.closed()


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_messages_reach_a_paho_subscriber_in_order_whatever_the_qos(broker: Broker, qos: int) -> None:
    with Paho(broker.port, subscriptions=(("a/+", 2),)) as reader, Paho(broker.port) as writer:
        for n in range(200):
            writer.publish("a/b", str(n), qos=qos)
        eventually(lambda: len(reader.got) == 200)
        assert reader.payloads() == [str(n).encode() for n in range(200)]
        assert {m.qos for m in reader.got} == {min(qos, 1)}


def test_a_subscription_for_qos_2_is_granted_as_1(broker: Broker) -> None:
    assert Raw(broker.port).subscribe(("a", 2), ("b", 0)) == (1, 0)


def test_filters_that_are_none_and_shared_ones_are_refused_and_the_others_granted(broker: Broker) -> None:
    assert Raw(broker.port).subscribe(("a/#/b", 1), ("$share/g/a", 1), ("ok", 1)) == (0x80, 0x80, 1)


def test_overlapping_subscriptions_deliver_once_at_the_highest_qos(broker: Broker) -> None:
    raw = Raw(broker.port)
    raw.subscribe(("a/#", 0), ("a/b", 1))
    with Paho(broker.port) as writer:
        writer.publish("a/b", "x")
    assert [m.qos for m in raw.messages(1)] == [1]
    assert raw.silent()


def test_after_unsubscribing_nothing_comes(broker: Broker) -> None:
    raw = Raw(broker.port)
    raw.subscribe(("a", 1))
    raw.send(Unsubscribe(7, ("a",)))
    assert raw.receive() == Ack(Kind.UNSUBACK, 7)
    with Paho(broker.port) as writer:
        writer.publish("a", "x")
    assert raw.silent()


def test_a_retained_message_greets_each_subscriber_until_an_empty_one_forgets_it(broker: Broker) -> None:
    with Paho(broker.port, subscriptions=(("t/#", 1),)) as early, Paho(broker.port) as writer:
        writer.publish("t/x", "kept", retain=True)
        eventually(lambda: early.payloads() == [b"kept"])
        assert [m.retain for m in early.got] == [False]
        with Paho(broker.port, subscriptions=(("t/+", 1),)) as late:
            eventually(lambda: late.payloads() == [b"kept"])
            assert [m.retain for m in late.got] == [True]
        writer.publish("t/x", "", retain=True)
        raw = Raw(broker.port)
        raw.subscribe(("t/#", 1))
        assert raw.silent()


def test_a_persistent_session_keeps_what_came_while_its_client_was_away(broker: Broker) -> None:
    with Paho(broker.port, client_id="keeper", clean=False, subscriptions=(("a", 1),)) as first:
        assert first.session_present is False
    with Paho(broker.port) as writer:
        for n in range(500):
            writer.publish("a", str(n))
    with Paho(broker.port, client_id="keeper", clean=False) as second:
        assert second.session_present is True
        eventually(lambda: len(second.got) == 500)
        assert second.payloads() == [str(n).encode() for n in range(500)]


def test_a_clean_session_forgets_all_and_says_so(broker: Broker) -> None:
    away(broker, "a")
    assert Raw(broker.port, clean_session=False).answer.session_present is True
    assert Raw(broker.port, clean_session=True).answer.session_present is False
    assert Raw(broker.port, clean_session=False).answer.session_present is False


def test_what_was_not_acknowledged_comes_again_in_order_with_dup_and_the_same_packet_id(broker: Broker) -> None:
    raw = Raw(broker.port, clean_session=False)
    raw.subscribe(("a", 1))
    with Paho(broker.port) as writer:
        for n in range(5):
            writer.publish("a", str(n))
    first = raw.messages(5)
    assert [m.dup for m in first] == [False] * 5
    raw.acknowledge(first[0])
    raw.send(Bare(Kind.PINGREQ))
    assert raw.receive() == Bare(Kind.PINGRESP)  # so the acknowledgement was read
    raw.cut()
    again = Raw(broker.port, clean_session=False)
    second = again.messages(4)
    assert [(m.packet_id, m.payload, m.dup) for m in second] == [(m.packet_id, m.payload, True) for m in first[1:]]
    assert again.silent()


def test_no_more_is_in_flight_than_the_window_and_each_acknowledgement_frees_one() -> None:
    with running(bounds=Bounds(in_flight=3)) as broker, Paho(broker.port) as writer:
        raw = Raw(broker.port)
        raw.subscribe(("a", 1))
        for n in range(5):
            writer.publish("a", str(n))
        three = raw.messages(3)
        assert raw.silent()
        raw.acknowledge(three[1])
        fourth = raw.messages(1)
        assert [m.payload for m in fourth] == [b"3"]
        assert raw.silent()
        assert fourth[0].packet_id not in {three[0].packet_id, three[2].packet_id}


def test_packet_ids_wrap_around_and_step_over_those_in_use() -> None:
    with running(bounds=Bounds(in_flight=2)) as broker:
        away(broker, "a")
        session = broker._sessions["raw"]
        session._last_id = 65534
        raw = Raw(broker.port, clean_session=False)
        with Paho(broker.port) as writer:
            writer.publish("a", "held")
            held = raw.messages(1)[0]
            assert held.packet_id == 65535
            session._last_id = 65534
            writer.publish("a", "next")
            assert raw.messages(1)[0].packet_id == 1


def test_a_full_queue_drops_and_counts_and_says_so_on_its_sys_topic() -> None:
    with running(bounds=Bounds(in_flight=2, queued_messages=10), sys_seconds=0.1) as broker:
        away(broker, "a")
        watcher = Raw(broker.port, "watcher")
        watcher.subscribe((DROPPED_TOPIC, 0))
        with Paho(broker.port) as writer:
            for n in range(15):
                writer.publish("a", str(n))
        eventually(lambda: watcher.messages(1)[0].payload == b"5")
        raw = Raw(broker.port, clean_session=False)
        for n in range(10):
            (message,) = raw.messages(1)
            assert message.payload == str(n).encode()
            raw.acknowledge(message)
        assert raw.silent()
        Raw(broker.port, clean_session=True)  # the session is forgotten, what it lost is not
        assert broker.dropped == 5


def test_a_queue_is_bounded_in_bytes_too() -> None:
    with running(bounds=Bounds(queued_bytes=1000)) as broker, Paho(broker.port) as writer:
        away(broker, "a")
        for size in (600, 600, 300):
            writer.publish("a", b"x" * size)
        assert broker.dropped == 1


def test_the_brokers_own_topics_are_hidden_from_wildcards_and_closed_to_publishers(broker: Broker) -> None:
    raw = Raw(broker.port)
    raw.subscribe(("#", 1))
    with Paho(broker.port) as writer:
        writer.publish(DROPPED_TOPIC, "999", retain=True)
    assert raw.silent(0.5)
    raw.send(Subscribe(2, ((DROPPED_TOPIC, 0),)))
    assert {m.payload for m in raw.messages(3)} == {b"0"}


def test_a_second_client_of_the_same_name_takes_over_with_the_session(broker: Broker) -> None:
    first = Raw(broker.port, clean_session=False)
    first.subscribe(("a", 1))
    with Paho(broker.port) as writer:
        writer.publish("a", "1")
        before = first.messages(1)
        second = Raw(broker.port, clean_session=False)
        assert second.answer.session_present is True
        assert first.closed()
        writer.publish("a", "2")
        assert [(m.payload, m.dup) for m in second.messages(2)] == [(b"1", True), (b"2", False)]
        assert before[0].payload == b"1"


def test_a_will_is_published_when_the_connection_breaks_and_not_after_a_farewell(broker: Broker) -> None:
    watcher = Raw(broker.port, "watcher")
    watcher.subscribe(("will/#", 1))
    Raw(broker.port, "broken", will=Publish("will/broken", b"gone", qos=1)).cut()
    assert [(m.topic, m.payload) for m in watcher.messages(1)] == [("will/broken", b"gone")]
    polite = Raw(broker.port, "polite", will=Publish("will/polite", b"gone", qos=1))
    polite.send(Bare(Kind.DISCONNECT))
    assert polite.closed()
    assert watcher.silent()


def test_silence_beyond_one_and_a_half_keepalives_ends_the_connection(broker: Broker) -> None:
    watcher = Raw(broker.port, "watcher", keepalive=0)
    watcher.subscribe(("will", 0))
    quiet = Raw(broker.port, "quiet", keepalive=1, will=Publish("will", b"silence"))
    assert quiet.closed()
    assert watcher.messages(1)[0].payload == b"silence"


@pytest.mark.parametrize(
    "junk",
    [
        b"\xf0\x00",
        b"\x30\xff\xff\xff\xff\x01",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x32\x05\x00\x01a\x00\x00",
        b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01x",
        encode(Publish("a", b"", qos=1, packet_id=1))[:-1] + b"\x00",
    ],
)
def test_a_malformed_packet_ends_that_connection_and_no_other(broker: Broker, junk: bytes) -> None:
    good, bad = Raw(broker.port, "good"), Raw(broker.port, "bad")
    good.subscribe(("a", 1))
    bad.socket.sendall(junk)
    assert bad.closed()
    good.send(Publish("a", b"still here"))
    assert good.messages(1)[0].payload == b"still here"


def test_a_connection_that_does_not_begin_with_connect_is_closed(broker: Broker) -> None:
    with socket.create_connection(("127.0.0.1", broker.port), timeout=10) as stranger:
        stranger.sendall(encode(Bare(Kind.PINGREQ)))
        assert stranger.recv(1) == b""


def test_an_mqtt_5_client_is_told_so_and_the_same_client_gets_in_with_3_1_1(broker: Broker) -> None:
    with Paho(broker.port, client_id="v5", protocol=MQTTProtocolVersion.MQTTv5) as client:
        assert client.refused == "Unsupported protocol version"
    with Paho(broker.port, client_id="v5") as client:
        assert client.session_present is False


def test_a_persistent_session_needs_a_name(broker: Broker) -> None:
    assert Raw(broker.port, "", clean_session=False).answer.code == 2
    assert Raw(broker.port, "", clean_session=True).answer.code == 0


def test_a_repeated_qos_2_message_is_passed_on_once(broker: Broker) -> None:
    raw, watcher = Raw(broker.port), Raw(broker.port, "watcher")
    watcher.subscribe(("a", 1))
    for dup in (False, True):
        raw.send(Publish("a", b"once", qos=2, dup=dup, packet_id=9))
        assert raw.receive() == Ack(Kind.PUBREC, 9)
    raw.send(Ack(Kind.PUBREL, 9))
    assert raw.receive() == Ack(Kind.PUBCOMP, 9)
    assert watcher.messages(1)[0].payload == b"once"
    assert watcher.silent()


def test_a_client_that_reads_nothing_is_still_answered_and_loses_no_qos_1(broker: Broker) -> None:
    slow = Raw(broker.port, "slow", keepalive=2)
    slow.subscribe(("a", 1))
    with Paho(broker.port) as writer:
        for n in range(20):
            writer.publish("a", bytes([n]) * 1_000_000)
    slow.send(Bare(Kind.PINGREQ))
    received = [slow.receive() for _ in range(21)]
    assert [m.payload[0] for m in received if isinstance(m, Publish)] == list(range(20))
    assert Bare(Kind.PINGRESP) in received


def test_it_listens_on_loopback_unless_told_otherwise(broker: Broker) -> None:
    assert broker._server is not None
    assert {s.getsockname()[0] for s in broker._server.sockets} == {"127.0.0.1"}


@pytest.mark.broker
def test_mosquittos_own_clients_work_with_it(broker: Broker) -> None:
    if shutil.which("mosquitto_sub") is None or shutil.which("mosquitto_pub") is None:
        pytest.skip(
            "MOSQUITTO_SUB AND MOSQUITTO_PUB ARE NOT INSTALLED, so they were not tried; install mosquitto-clients"
        )
    address = ["-h", "127.0.0.1", "-p", str(broker.port), "-V", "311"]
    subscribe = ["mosquitto_sub", *address, "-i", "sub", "-c", "-q", "1", "-t", "m/+"]
    subprocess.run([*subscribe, "-E"], check=True, timeout=20)
    for n in range(3):
        publish = ["mosquitto_pub", *address, "-q", str(n), "-t", "m/x", "-m", f"message {n}"]
        subprocess.run(publish, check=True, timeout=20)
    done = subprocess.run([*subscribe, "-C", "2", "-W", "15"], check=True, timeout=30, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["message 1", "message 2"]
