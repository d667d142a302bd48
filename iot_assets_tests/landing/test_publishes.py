"""Messages taken in bulk are those that paho's own parser would have given us, however the bytes come."""

from __future__ import annotations

import contextlib
import logging
import socket
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.client import Client
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from iot_assets.lake.message_id import MessageIds
from iot_assets.landing import paho_private, publishes
from iot_assets.landing.connection import Connection
from iot_assets.landing.wake import Wake
from iot_assets.settings import Mqtt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iot_assets.landing.connection import Protocol
    from iot_assets.landing.taken import Taken

_LOG = logging.getLogger("iot_assets.test")
_LAST: Final = b"last"
_CONNACK: Final = {"5": b"\x20\x03\x00\x00\x00", "3.1.1": b"\x20\x02\x00\x00"}


def length(size: int, *, least: int = 1) -> bytes:
    """A variable byte integer, also in more bytes than it needs."""
    digits: list[int] = []
    while size or len(digits) < least:
        size, digit = size >> 7, size & 0x7F
        digits.append(digit)
    return bytes([*(digit | 0x80 for digit in digits[:-1]), digits[-1]])


def packet(head: int, body: bytes, *, least: int = 1) -> bytes:
    return bytes([head]) + length(len(body), least=least) + body


def publish(
    topic: bytes, payload: bytes, *, qos: int = 1, flags: int = 0, packet_id: int = 1, properties: bytes = b""
) -> bytes:
    """A PUBLISH; ``properties`` with their length, or nothing for 3.1.1."""
    identity = packet_id.to_bytes(2) if qos else b""
    return packet(0x30 | qos << 1 | flags, len(topic).to_bytes(2) + topic + identity + properties + payload)


class Peer:
    """A connection of ours to a broker that the test plays."""

    def __init__(self, protocol: Protocol, *, bulk: bool = True) -> None:
        self._wake = Wake()
        with socket.create_server(("127.0.0.1", 0)) as server:
            settings = Mqtt(port=server.getsockname()[1], bulk_reading=bulk)
            self.connection = Connection(settings, protocol, source="mqtt:test", log=_LOG)
            self.socket, _ = server.accept()
        self.socket.sendall(_CONNACK[protocol])
        while not self.connection.accepted:
            self.step(1)
        self.connection.begin(1)
        self.last = publish(_LAST, b"", qos=0, properties=b"\0" if protocol == "5" else b"")

    def read(self, data: bytes) -> None:
        """Send bytes, and let the connection read what of them has come."""
        with contextlib.suppress(OSError):
            self.socket.sendall(data)
        while self.step(0):
            pass

    def finish(self) -> list[dict[str, Any]]:
        """Send one more message and hang up; what was taken, the last message too unless the connection was over."""
        with contextlib.suppress(OSError):
            self.socket.sendall(self.last)
            self.socket.shutdown(socket.SHUT_WR)
        while self.connection.ended is None:
            self.step(1)
        self.close()
        return rows(self.connection.taken)

    def step(self, seconds: float, *, messages: int = 1000) -> bool:
        if readable := self.connection.wait(seconds, reading=True, wake=self._wake):
            self.connection.read(messages=messages, size=1 << 30, seconds=60)
        return readable

    def close(self) -> None:
        self.connection.abandon()
        self.socket.close()
        self._wake.close()


def rows(taken: Taken) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = taken.batch(MessageIds("lander", 1), 0).to_pylist()
    for row in found:
        del row["received_at"]
    return found


def outcome(pieces: Sequence[bytes], protocol: Protocol, *, bulk: bool) -> tuple[list[dict[str, Any]], list[int]]:
    """What was taken, and what would be acknowledged."""
    peer = Peer(protocol, bulk=bulk)
    for piece in pieces:
        peer.read(piece)
    found, taken = peer.finish(), peer.connection.taken
    assert taken.duplicates == sum(row["dup"] for row in found)
    assert taken.size == sum(len(row["payload"]) for row in found)
    return found, taken.to_acknowledge()


def properties_of(**values: Any) -> bytes:
    made = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(made, name, value)
    packed: bytes = made.pack()  # type: ignore[no-untyped-call]
    return packed


topics = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12).map(str.encode)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff"), max_size=12)
sound_properties = st.fixed_dictionaries(
    {},
    optional={
        "ContentType": texts,
        "UserProperty": st.lists(st.tuples(texts, texts), max_size=12),
        "PayloadFormatIndicator": st.integers(0, 1),
        "MessageExpiryInterval": st.integers(0, 2**32 - 1),
        "ResponseTopic": texts,
        "CorrelationData": st.binary(max_size=200),
    },
).map(lambda values: properties_of(**values))
odd_properties = st.one_of(
    st.binary(max_size=8),  # nonsense
    st.sampled_from([
        b"\x80\x00",  # a length in more bytes than it needs
        b"\x02\x01\x02",  # a format that is neither 0 nor 1
        b"\x04\x01\x00\x01\x00",  # what may come once, twice
        b"\x05\x03\x00\x02\xff\xff",  # no UTF-8
        b"\x04\x03\x00\x01\x00",  # a null character
        b"\x02\x0b\x05",  # an identifier of the subscription
    ]),
)  # fmt: skip


def packets(properties: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    messages = st.builds(
        publish,
        topics | st.sampled_from([b"t/\xff", b"$SYS/broker/publish/messages/dropped", b"$SYS/x", b""]),
        st.binary(max_size=40) | st.sampled_from([b"x" * 127, b"x" * 20_000]),
        qos=st.integers(0, 1),
        flags=st.sampled_from([0, 1, 8, 9]),
        packet_id=st.integers(0, 65535),
        properties=properties,
    )
    others = st.sampled_from([
        packet(0xD0, b""),  # PINGRESP
        packet(0x34, b"\x00\x01t\x00\x07\x00!"),  # QoS 2
        packet(0x62, b"\x00\x07"),  # PUBREL
        packet(0x40, b"\x00\x07"),  # a PUBACK for nothing of ours
    ])  # fmt: skip
    nonsense = st.one_of(
        st.builds(packet, st.integers(0x30, 0x3F), st.binary(max_size=6), least=st.integers(1, 4)),
        st.just(b"\x32\x80\x80\x80\x80\x01"),
        st.just(b"\xf0\x00"),
    )
    return st.one_of(messages, messages, messages, messages, others, nonsense)


@st.composite
def streams(draw: st.DrawFn, properties: st.SearchStrategy[bytes]) -> list[bytes]:
    """Packets one behind the other, cut anywhere."""
    data = b"".join(draw(st.lists(packets(properties), max_size=8)))
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=6)))
    return [data[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


@settings(max_examples=80)
@given(streams(st.just(b"")))
def test_3_1_1_in_bulk_is_what_paho_makes_of_it_wherever_the_bytes_are_cut(pieces: list[bytes]) -> None:
    assert outcome(pieces, "3.1.1", bulk=True) == outcome([b"".join(pieces)], "3.1.1", bulk=False)


@settings(max_examples=80)
@given(streams(sound_properties | sound_properties | odd_properties))
def test_5_in_bulk_is_what_paho_makes_of_it_wherever_the_bytes_are_cut(pieces: list[bytes]) -> None:
    assert outcome(pieces, "5", bulk=True) == outcome([b"".join(pieces)], "5", bulk=False)


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_message_cut_at_each_of_its_bytes_is_taken_once(protocol: Protocol) -> None:
    none = b"\0" if protocol == "5" else b""
    data = publish(b"t/a", b"x" * 200, properties=none) + publish(b"t/b", b"", qos=0, properties=none)
    whole = outcome([data], protocol, bulk=True)
    assert [row["topic"] for row in whole[0]] == ["t/a", "t/b", "last"]
    assert outcome([data[n : n + 1] for n in range(len(data))], protocol, bulk=True) == whole


def test_a_message_larger_than_what_is_read_at_once_is_taken_among_small_ones() -> None:
    sizes = [10, 300_000, 10, 3_000_000, 262_144, 0]
    data = b"".join(publish(b"t", bytes([n]) * size, packet_id=n + 1) for n, size in enumerate(sizes))
    # In pieces that a connection holds while nobody reads.
    found, packet_ids = outcome([data[at : at + 50_000] for at in range(0, len(data), 50_000)], "3.1.1", bulk=True)
    assert [len(row["payload"]) for row in found] == [*sizes, 0]
    assert packet_ids == [1, 2, 3, 4, 5, 6]


def test_no_more_is_taken_than_there_is_room_for_and_the_rest_is_not_forgotten() -> None:
    peer = Peer("3.1.1")
    counts: list[int] = []
    peer.socket.sendall(b"".join(publish(b"t", b"%d" % n) for n in range(25)))
    while sum(counts) < 25:
        peer.connection.begin(1)
        peer.step(1, messages=10)
        counts.append(len(peer.connection.taken))
    assert [count for count in counts if count] == [10, 10, 5]
    peer.close()


def test_while_the_lander_does_not_read_what_lies_ahead_wakes_nobody() -> None:
    peer, wake = Peer("3.1.1"), Wake()
    peer.socket.sendall(b"".join(publish(b"t", b"%d" % n) for n in range(25)))
    peer.step(1, messages=10)
    assert not peer.connection.wait(0, reading=False, wake=wake)
    assert peer.connection.wait(0, reading=True, wake=wake)
    peer.close()
    wake.close()


def test_each_message_of_a_bulk_has_an_instant_of_its_own() -> None:
    peer = Peer("3.1.1")
    for _ in range(3):
        peer.read(b"".join(publish(b"t", b"") for _ in range(200)))
    peer.finish()
    times = peer.connection.taken.batch(MessageIds("lander", 1), 0)["received_at"].cast("int64").to_pylist()
    assert len(times) == 601
    assert times == sorted(set(times))


@pytest.mark.parametrize("bulk", [True, False])
def test_while_messages_come_the_broker_is_not_asked_whether_it_is_there(*, bulk: bool) -> None:
    peer = Peer("3.1.1", bulk=bulk)
    peer.socket.settimeout(5)
    assert peer.socket.recv(1000).startswith(b"\x10")
    peer.connection._client._last_bytes_received -= 1000
    peer.read(publish(b"t", b""))
    peer.connection.keep(reading=True)
    peer.connection.abandon()
    assert peer.socket.recv(1000) == b""
    peer.close()


def test_where_taking_in_bulk_fails_messages_are_taken_one_by_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    peer = Peer("3.1.1")

    def fail(*_: Any, **__: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(publishes, "read", fail)
    peer.read(publish(b"t", b"1") + publish(b"t", b"2"))
    assert [row["topic"] for row in peer.finish()] == ["t", "t", "last"]
    assert caplog.text.count("one by one") == 1


def test_where_paho_is_another_than_expected_it_reads_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert paho_private.bulk_reading_fits()
    monkeypatch.delattr(Client, "_packet_read")
    assert not paho_private.bulk_reading_fits()
