"""The codec: whatever is encoded is decoded to the same, and nothing but a packet passes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iot_assets.demo.packets import (
    Ack,
    Bare,
    ConnAck,
    Connect,
    Kind,
    MalformedPacketError,
    Packet,
    Publish,
    SubAck,
    Subscribe,
    Unsubscribe,
    decode,
    encode,
    encode_length,
)

texts = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40)
topics = st.text(st.characters(exclude_characters="\0+#", codec="utf-8"), min_size=1, max_size=40)
packet_ids = st.integers(1, 65535)
wills = st.builds(Publish, topics, st.binary(max_size=100), qos=st.integers(0, 2), retain=st.booleans())


@st.composite
def publishes(draw: st.DrawFn) -> Publish:
    qos = draw(st.integers(0, 2))
    return Publish(
        draw(topics),
        draw(st.binary(max_size=300)),
        qos=qos,
        retain=draw(st.booleans()),
        dup=draw(st.booleans()) if qos else False,
        packet_id=draw(packet_ids) if qos else 0,
    )


@st.composite
def connects(draw: st.DrawFn) -> Connect:
    username = draw(st.none() | texts)
    return Connect(
        draw(texts),
        draw(st.booleans()),
        draw(st.integers(0, 65535)),
        draw(st.none() | wills),
        username,
        draw(st.none() | st.binary(max_size=40)) if username is not None else None,
    )


filters = st.lists(st.tuples(texts, st.integers(0, 2)), min_size=1, max_size=5).map(tuple)
acks = st.sampled_from([Kind.PUBACK, Kind.PUBREC, Kind.PUBREL, Kind.PUBCOMP, Kind.UNSUBACK])
packets = st.one_of(
    publishes(),
    connects(),
    st.builds(ConnAck, st.booleans(), st.integers(0, 5)),
    st.builds(Ack, acks, packet_ids),
    st.builds(Bare, st.sampled_from([Kind.PINGREQ, Kind.PINGRESP, Kind.DISCONNECT])),
    st.builds(Subscribe, packet_ids, filters),
    st.builds(SubAck, packet_ids, st.lists(st.sampled_from([0, 1, 2, 0x80]), max_size=5).map(tuple)),
    st.builds(Unsubscribe, packet_ids, st.lists(texts, min_size=1, max_size=5).map(tuple)),
)


def split(data: bytes) -> tuple[int, bytes]:
    """First byte and body, by a reading of the length that is not the codec's."""
    end = 1
    while data[end] & 0x80:
        end += 1
    length = sum((byte & 0x7F) << 7 * i for i, byte in enumerate(data[1 : end + 1]))
    assert len(data) == end + 1 + length
    return data[0], data[end + 1 :]


@given(packets)
def test_what_is_encoded_is_decoded_to_the_same(packet: Packet) -> None:
    assert decode(*split(encode(packet))) == packet


@given(st.integers(0, 255), st.binary(max_size=60))
def test_any_bytes_are_a_packet_or_malformed_and_nothing_else(first: int, body: bytes) -> None:
    try:
        packet = decode(first, body)
    except MalformedPacketError:
        return
    if not (isinstance(packet, Connect) and packet.level != 4):
        assert decode(*split(encode(packet))) == packet


@given(packets, st.data())
def test_a_packet_that_lost_its_end_never_reads_past_it(packet: Packet, data: st.DataObject) -> None:
    first, body = split(encode(packet))
    cut = data.draw(st.integers(0, len(body)))
    try:
        decode(first, body[:cut])
    except MalformedPacketError:
        return


@pytest.mark.parametrize(
    ("length", "encoded"),
    [(0, "00"), (127, "7f"), (128, "8001"), (16383, "ff7f"), (16384, "808001"), (268435455, "ffffff7f")],
)
def test_lengths_are_written_as_the_standard_tabulates_them(length: int, encoded: str) -> None:
    assert encode_length(length).hex() == encoded


def test_a_body_longer_than_the_standard_allows_is_not_encoded() -> None:
    with pytest.raises(MalformedPacketError):
        encode_length(268435456)


@pytest.mark.parametrize(
    ("first", "body"),
    [
        (0x00, b""),  # no such type
        (0xF0, b""),  # AUTH, of MQTT 5
        (0x36, b"\0\1a\0\1"),  # QoS 3
        (0x38, b"\0\1a"),  # DUP on QoS 0
        (0x32, b"\0\1a\0\0"),  # packet id 0
        (0x30, b"\0\3a/#x"),  # a wildcard in a topic
        (0x30, b"\0\0x"),  # no topic
        (0x30, b"\0\2\xff\xfex"),  # not UTF-8
        (0x80, b"\0\1\0\1a\0"),  # SUBSCRIBE without its flag
        (0x82, b"\0\1"),  # SUBSCRIBE to nothing
        (0x82, b"\0\1\0\1a\3"),  # for QoS 3
        (0xC0, b"x"),  # PINGREQ with a body
        (0x10, b"\0\4MQTT\4\1\0\0\0\1c"),  # reserved flag of CONNECT
        (0x10, b"\0\4MQTT\4\x40\0\0\0\1c\0\1p"),  # a password without a user name
    ],
)
def test_what_the_standard_forbids_is_malformed(first: int, body: bytes) -> None:
    with pytest.raises(MalformedPacketError):
        decode(first, body)


def test_a_connect_of_another_version_is_read_as_far_as_needed_to_refuse_it() -> None:
    packet = decode(0x10, b"\0\4MQTT\5\2\0\x3c\5\x11\0\0\0\x0a\0\1c")
    assert isinstance(packet, Connect)
    assert packet.level == 5
