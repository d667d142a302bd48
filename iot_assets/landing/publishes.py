"""PUBLISH packets in bulk: bytes as they were received to columns, with no object a message.

What is not plainly in order ends the run and stays where it is, for paho to handle, or to complain of: another packet,
QoS 2, a topic of the broker's own, a property in doubt.

Belongs here: finding whole packets in bytes, the columns made of them. Does not: sockets and the order of calls
(``paho_private.py``), what the columns become (``taken.py``). Section numbers are those of the OASIS MQTT 5.0 standard.
"""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from iot_assets.landing import properties
from iot_assets.landing.taken import MESSAGES

if TYPE_CHECKING:
    from iot_assets.landing.properties import Kept

_QOS: Final = bytes(head >> 1 & 3 for head in range(256))
_RETAIN: Final = bytes(head & 1 for head in range(256))
_DUP: Final = bytes(head >> 3 & 1 for head in range(256))
_MARKS: Final = 5
"""Of each message: where topic, packet id, properties and payload begin, and where the payload ends."""
_DOLLAR: Final = ord("$")


def packet_end(data: bytes, at: int) -> int | None:
    """Where the packet that begins here ends, be it there or not; None where its header does not tell yet (1.5.5)."""
    for width in range(1, 5):
        if at + width >= len(data):
            return None
        if data[at + width] < 0x80:
            digits = data[at + 1 : at + width + 1]
            return at + width + 1 + sum((digit & 0x7F) << 7 * place for place, digit in enumerate(digits))
    return at  # no length has five bytes: a packet that can be complained of at once


@dataclass(frozen=True, slots=True)
class Publishes:
    """A run of whole packets."""

    data: bytes
    heads: bytes
    """The first byte of each."""
    marks: list[int]
    kept: dict[int, Kept]
    """What is kept of its properties, by the number of the message, where it has any."""
    end: int
    """Where the run ends in the data."""

    def __len__(self) -> int:
        return len(self.heads)

    @property
    def size(self) -> int:
        """Bytes of the payloads."""
        return sum(self.marks[4::_MARKS]) - sum(self.marks[3::_MARKS])

    def batch(self, first_us: int) -> pa.RecordBatch:
        """The columns of ``MESSAGES``, received at this microsecond and those behind it."""
        count = len(self)
        # All that lies between two marks, in one array over the data as it was received; each column is every fifth.
        pieces = pa.Array.from_buffers(
            pa.binary(),
            len(self.marks) - 1,
            [None, pa.py_buffer(array("i", self.marks)), pa.py_buffer(self.data)],
        )
        every = _numbers("i", range(0, count * _MARKS, _MARKS), pa.int32())
        columns = {
            "topic": _text(pieces.take(every)),
            "payload": pieces.slice(3).take(every),
            "content_type": self._property(0),
            "attributes": self._property(1),
            "qos": self._flag(_QOS),
            "retain": self._flag(_RETAIN).cast(pa.bool_()),
            "dup": self._flag(_DUP).cast(pa.bool_()),
            "packet_id": self._packet_ids(pieces.slice(1).take(every)),
            "received_at": _numbers("q", range(first_us, first_us + count), MESSAGES.field("received_at").type),
        }
        return pa.RecordBatch.from_arrays([columns[name] for name in MESSAGES.names], schema=MESSAGES)

    def _property(self, which: int) -> pa.Array:
        if not any(kept[which] is not None for kept in self.kept.values()):
            return pa.nulls(len(self), pa.string())
        values: list[str | None] = [None] * len(self)
        for number, kept in self.kept.items():
            values[number] = kept[which]
        return pa.array(values, pa.string())

    def _flag(self, table: bytes) -> pa.Array:
        return pa.Array.from_buffers(pa.int8(), len(self), [None, pa.py_buffer(self.heads.translate(table))])

    def _packet_ids(self, found: pa.Array) -> pa.Array:
        """0 at QoS 0, where a packet has none."""
        levels = self.heads.translate(_QOS)
        packed = array("H")
        if levels.count(1):
            packed.frombytes(memoryview(found.buffers()[2])[: 2 * levels.count(1)])
        if sys.byteorder == "little":
            packed.byteswap()
        numbers = pa.Array.from_buffers(pa.uint16(), len(packed), [None, pa.py_buffer(packed)]).cast(pa.int32())
        if len(numbers) == len(self):
            return numbers
        none = pa.repeat(pa.scalar(0, pa.int32()), len(self))
        return pc.replace_with_mask(none, self._flag(_QOS).cast(pa.bool_()), numbers)


def read(data: bytes, at: int, most: int, *, version_5: bool) -> Publishes:  # noqa: C901, PLR0912 - calls would cost more than all it does
    """The run of messages of QoS 0 and 1 that begins here, as far as it is whole, and of at most so many."""
    marks: list[int] = []
    heads, kept, end = bytearray(), {}, len(data)
    try:
        for number in range(most):
            head = data[at]
            if head & 0xF6 == 0x32:
                id_width = 2
            elif head & 0xFE == 0x30:
                id_width = 0
            else:
                break
            length, topic = data[at + 1], at + 4
            if length > 0x7F:
                topic += 1
                length = length & 0x7F | data[at + 2] << 7
                if length > 0x3FFF:
                    length = length & 0x3FFF | data[at + 3] << 14
                    topic += 1
                    if length > 0x1FFFFF:
                        break
            stop = topic - 2 + length
            packet_id = topic + (data[topic - 2] << 8 | data[topic - 1])
            payload = behind = packet_id + id_width
            if version_5:
                payload += 1
                if payload <= stop and (width := data[behind]):
                    if width > 0x7F:
                        payload += 1
                        width = width & 0x7F | data[behind + 1] << 7
                    if width > 0x3FFF or (found := properties.read(data[payload : payload + width])) is None:
                        break
                    payload += width
                    kept[number] = found
            if payload > stop or stop > end or packet_id == topic or data[topic] == _DOLLAR:
                break
            heads.append(head)
            marks += topic, packet_id, behind, payload, stop
            at = stop
    except IndexError:
        pass  # the data ends within a packet
    kept.pop(len(heads), None)
    return Publishes(data, bytes(heads), marks, kept, at)


def _numbers(code: str, values: range, kind: pa.DataType) -> pa.Array:
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(array(code, values))])


def _text(found: pa.Array) -> pa.Array:
    """As text; bytes that are not UTF-8 (which the protocol forbids) are shown in hexadecimal."""
    try:
        return found.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([topic.decode("utf-8", "backslashreplace") for topic in found.to_pylist()], pa.string())
