"""MQTT 3.1.1 on the wire: the packets a broker meets, from bytes and to bytes, with no state and no sockets.

Belongs here: the layout of packets and what makes one malformed. Does not: what a packet brings about (``broker.py``)
nor what a client is owed (``sessions.py``). Section numbers are those of the OASIS MQTT 3.1.1 standard.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from types import MappingProxyType
from typing import Final

#: The longest "remaining length" that four bytes can hold (2.2.3).
MAX_BODY: Final = 268_435_455


class Kind(IntEnum):
    """The packet type, upper half of the first byte (2.2.1)."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14


#: Kinds whose lower half of the first byte must be 0010 (2.2.2); PUBLISH has flags of its own, all others have 0.
_FLAGGED: Final = (Kind.PUBREL, Kind.SUBSCRIBE, Kind.UNSUBSCRIBE)


class MalformedPacketError(ValueError):
    """The bytes are no MQTT 3.1.1 packet; whoever sent them is cut off. It never leaves this room."""


@dataclass(frozen=True, slots=True)
class Publish:
    """One message, in either direction."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    dup: bool = False
    packet_id: int = 0


@dataclass(frozen=True, slots=True)
class Connect:
    """A client's first packet."""

    client_id: str
    clean_session: bool = True
    keepalive: int = 60
    will: Publish | None = None
    username: str | None = None
    password: bytes | None = field(default=None, repr=False)
    level: int = 4
    protocol: str = "MQTT"


@dataclass(frozen=True, slots=True)
class ConnAck:
    """The broker's answer to CONNECT; code 0 is yes, 1 is "not that protocol version", 2 is "not that client id"."""

    session_present: bool
    code: int


@dataclass(frozen=True, slots=True)
class Ack:
    """Any of the packets that carry only a packet id."""

    kind: Kind
    packet_id: int


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Topic filters, each with the QoS asked for."""

    packet_id: int
    filters: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class SubAck:
    """The QoS granted for each filter, or 0x80 for a refusal."""

    packet_id: int
    codes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Topic filters to forget."""

    packet_id: int
    filters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bare:
    """PINGREQ, PINGRESP and DISCONNECT: a kind and nothing else."""

    kind: Kind


Packet = Connect | ConnAck | Publish | Ack | Subscribe | SubAck | Unsubscribe | Bare


def encode(packet: Packet) -> bytes:
    """The bytes of a packet."""
    flags = 0
    match packet:
        case Publish():
            kind, flags = Kind.PUBLISH, packet.dup << 3 | packet.qos << 1 | packet.retain
            body = _text(packet.topic) + (_number(packet.packet_id) if packet.qos else b"") + packet.payload
        case Ack():
            kind, body = packet.kind, _number(packet.packet_id)
        case Bare():
            kind, body = packet.kind, b""
        case ConnAck():
            kind, body = Kind.CONNACK, bytes([packet.session_present, packet.code])
        case Connect():
            kind, body = Kind.CONNECT, _connect_body(packet)
        case Subscribe():
            kind = Kind.SUBSCRIBE
            body = _number(packet.packet_id) + b"".join(_text(name) + bytes([qos]) for name, qos in packet.filters)
        case SubAck():
            kind, body = Kind.SUBACK, _number(packet.packet_id) + bytes(packet.codes)
        case Unsubscribe():
            kind, body = Kind.UNSUBSCRIBE, _number(packet.packet_id) + b"".join(map(_text, packet.filters))
    if kind in _FLAGGED:
        flags = 2
    return bytes([kind << 4 | flags]) + encode_length(len(body)) + body


def decode(first: int, body: bytes) -> Packet:
    """The packet that has this first byte and this body.

    Raises:
        MalformedPacketError: they are no packet.
    """
    kind, flags = kind_of(first), first & 0x0F
    read = _Reader(body)
    packet = _publish(flags, read) if kind is Kind.PUBLISH else _LAYOUTS.get(kind, partial(_ack, kind))(read)
    if read.left():
        raise MalformedPacketError(f"{kind.name} with {read.left()} bytes too many")
    return packet


def kind_of(first: int) -> Kind:
    """The kind of a packet that begins with this byte; known before its body is read, as is most nonsense.

    Raises:
        MalformedPacketError: no packet begins so.
    """
    try:
        kind = Kind(first >> 4)
    except ValueError as error:
        raise MalformedPacketError(f"no packet has type {first >> 4}") from error
    flags = first & 0x0F
    if kind is not Kind.PUBLISH and flags != 2 * (kind in _FLAGGED):
        raise MalformedPacketError(f"{kind.name} with flags {flags:04b}")
    return kind


def encode_length(length: int) -> bytes:
    """A "remaining length": seven bits a byte, lowest first, the top bit says that more follow (2.2.3)."""
    if not 0 <= length <= MAX_BODY:
        raise MalformedPacketError(f"a packet body of {length} bytes")
    digits = bytearray()
    while True:
        length, digit = length >> 7, length & 0x7F
        digits.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(digits)


def _number(number: int) -> bytes:
    return struct.pack("!H", number)


def _text(text: str) -> bytes:
    return _blob(text.encode())


def _blob(data: bytes) -> bytes:
    if len(data) > 0xFFFF:
        raise MalformedPacketError(f"a field of {len(data)} bytes")
    return _number(len(data)) + data


def _connect_body(packet: Connect) -> bytes:
    flags = packet.clean_session << 1 | (packet.username is not None) << 7 | (packet.password is not None) << 6
    fields = _text(packet.client_id)
    if (will := packet.will) is not None:
        flags |= 1 << 2 | will.qos << 3 | will.retain << 5
        fields += _text(will.topic) + _blob(will.payload)
    if packet.username is not None:
        fields += _text(packet.username)
    if packet.password is not None:
        fields += _blob(packet.password)
    return _text(packet.protocol) + struct.pack("!BBH", packet.level, flags, packet.keepalive) + fields


def _connect(read: _Reader) -> Connect:
    protocol, level = read.text(), read.byte()
    if (protocol, level) != ("MQTT", 4):
        # Another version lays out the rest in another way: only what decides the answer is read.
        read.rest()
        return Connect("", level=level, protocol=protocol)
    flags, keepalive = read.byte(), read.number()
    has_will, will_qos, will_retain = bool(flags & 4), flags >> 3 & 3, bool(flags & 32)
    if flags & 1 or will_qos == 3 or (not has_will and (will_qos or will_retain)) or flags & 0xC0 == 0x40:
        raise MalformedPacketError(f"CONNECT with flags {flags:08b}")
    client_id, will = read.text(), None
    if has_will:
        topic = read.topic()
        will = Publish(topic, read.blob(), qos=will_qos, retain=will_retain)
    username = read.text() if flags & 0x80 else None
    password = read.blob() if flags & 0x40 else None
    return Connect(client_id, bool(flags & 2), keepalive, will, username, password)


def _publish(flags: int, read: _Reader) -> Publish:
    qos, dup = flags >> 1 & 3, bool(flags & 8)
    if qos == 3 or (dup and not qos):
        raise MalformedPacketError(f"PUBLISH with flags {flags:04b}")
    topic = read.topic()
    packet_id = read.packet_id() if qos else 0
    return Publish(topic, read.rest(), qos=qos, retain=bool(flags & 1), dup=dup, packet_id=packet_id)


def _subscribe(read: _Reader) -> Subscribe:
    packet_id = read.packet_id()
    filters: list[tuple[str, int]] = []
    while read.left() or not filters:
        filters.append((read.text(), read.byte()))
        if filters[-1][1] > 2:
            raise MalformedPacketError(f"SUBSCRIBE asks for QoS {filters[-1][1]}")
    return Subscribe(packet_id, tuple(filters))


def _unsubscribe(read: _Reader) -> Unsubscribe:
    packet_id = read.packet_id()
    filters: list[str] = []
    while read.left() or not filters:
        filters.append(read.text())
    return Unsubscribe(packet_id, tuple(filters))


def _connack(read: _Reader) -> ConnAck:
    return ConnAck(session_present=bool(read.byte() & 1), code=read.byte())


def _suback(read: _Reader) -> SubAck:
    return SubAck(read.packet_id(), tuple(read.rest()))


def _ack(kind: Kind, read: _Reader) -> Ack:
    return Ack(kind, read.packet_id())


def _bare(kind: Kind, _: _Reader) -> Bare:
    return Bare(kind)


class _Reader:
    """Takes fields off the front of a body and refuses to read past its end."""

    __slots__ = ("_at", "_body")

    def __init__(self, body: bytes) -> None:
        self._body, self._at = body, 0

    def left(self) -> int:
        return len(self._body) - self._at

    def take(self, count: int) -> bytes:
        if count > self.left():
            raise MalformedPacketError(f"a field of {count} bytes where {self.left()} are left")
        self._at += count
        return self._body[self._at - count : self._at]

    def rest(self) -> bytes:
        return self.take(self.left())

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        return int.from_bytes(self.take(2))

    def packet_id(self) -> int:
        if (packet_id := self.number()) == 0:
            raise MalformedPacketError("packet id 0")
        return packet_id

    def blob(self) -> bytes:
        return self.take(self.number())

    def text(self) -> str:
        try:
            text = self.blob().decode()
        except UnicodeDecodeError as error:
            raise MalformedPacketError("text that is not UTF-8") from error
        if "\0" in text:
            raise MalformedPacketError("text with a null character")
        return text

    def topic(self) -> str:
        if not (topic := self.text()) or "+" in topic or "#" in topic:
            raise MalformedPacketError(f"{topic!r} is no topic to publish to")
        return topic


#: kind → how its body is read; those that are not here hold a packet id and no more.
_LAYOUTS: Final[Mapping[Kind, Callable[[_Reader], Packet]]] = MappingProxyType(
    {
        Kind.CONNECT: _connect,
        Kind.CONNACK: _connack,
        Kind.SUBSCRIBE: _subscribe,
        Kind.SUBACK: _suback,
        Kind.UNSUBSCRIBE: _unsubscribe,
        Kind.PINGREQ: partial(_bare, Kind.PINGREQ),
        Kind.PINGRESP: partial(_bare, Kind.PINGRESP),
        Kind.DISCONNECT: partial(_bare, Kind.DISCONNECT),
    }
)
