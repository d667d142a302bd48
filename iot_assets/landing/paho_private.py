"""Every private name of paho-mqtt that we use, and why, in one place that a test holds against the installed version.

paho has no public way to do these things, most of which keep messages from being lost or doubled. Nothing else in the
project touches a name of paho that begins with an underscore.
"""

from __future__ import annotations

import sys
import time
from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from paho.mqtt.client import Client
from paho.mqtt.enums import MessageType, MQTTErrorCode

from iot_assets.landing.publishes import packet_end

if TYPE_CHECKING:
    from paho.mqtt.client import MQTTMessage

#: owner → names; the test checks that each is there.
PRIVATE_NAMES: Final = {
    "client": ("_ping_t", "_packet_queue", "_sock_close", "_sock_recv", "_in_packet", "_last_bytes_received"),
    "message": ("_topic",),
}
_AHEAD: Final = 1 << 18
"""Bytes read from the socket at once."""


def forgive_ping(client: Client) -> None:
    """Do not take a missing PINGRESP for a dead broker: while we do not read, it waits unread in the socket."""
    client._ping_t = 0.0  # noqa: SLF001


def send_acknowledgements(client: Client, packet_ids: list[int]) -> None:
    """Queue the PUBACKs of a whole commit as one piece: paho's own ``ack`` costs one system call a message."""
    packets = array("H", [MessageType.PUBACK << 8 | 2]) * (2 * len(packet_ids))
    packets[1::2] = array("H", packet_ids)
    if sys.byteorder == "little":
        packets.byteswap()
    client._packet_queue(MessageType.PUBACK, packets.tobytes(), packet_ids[-1], 1)  # noqa: SLF001


def drop(client: Client) -> None:
    """Close the socket without a word: the broker keeps the session, and redelivers what was not acknowledged."""
    client._sock_close()  # noqa: SLF001


def topic_of(message: MQTTMessage) -> str:
    """The topic, also where it is not UTF-8 (which the protocol forbids): such bytes are shown in hexadecimal."""
    try:
        return message.topic
    except UnicodeDecodeError:
        return message._topic.decode("utf-8", "backslashreplace")  # noqa: SLF001


def bulk_reading_fits() -> bool:
    """Whether the installed paho reads its packets as ``BulkClient`` expects it to."""
    read = getattr(getattr(Client, "_packet_read", None), "__code__", None)
    return read is not None and {"_sock_recv", "_in_packet", "_last_bytes_received"} <= set(read.co_names)


class BulkClient(Client):
    """A client that reads ahead, and offers what lies ahead to ``take`` before paho looks at it.

    What ``take`` leaves goes to paho's own parser, as it asks for it: every other packet, what is malformed, what is
    larger than what is read at once. So do errors of the socket.
    """

    def __init__(self, take: Callable[[bytes, int], int], *arguments: Any, **options: Any) -> None:
        """``take`` is given bytes and where in them a packet begins, and says where the first begins that it leaves."""
        super().__init__(*arguments, **options)
        self._take = take
        self._data, self._at = b"", 0
        self._error: OSError | None = None

    @property
    def ahead(self) -> bool:
        """Whether there is something to do that no poll of the socket would tell of."""
        return self._in_packet["command"] == 0 and self._whole()

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Have taken what can be taken of what lies ahead, or let paho read one packet."""
        if self._in_packet["command"] == 0:
            usable = self._whole() or self._read_ahead()
            before, self._at = self._at, self._take(self._data, self._at)
            if self._at > before or (usable and not self._whole()):
                return MQTTErrorCode.MQTT_ERR_SUCCESS
        return super().loop_read(max_packets)

    def _whole(self) -> bool:
        """Whether a packet lies ahead that is whole, or is too large to wait for."""
        end = packet_end(self._data, self._at)
        return end is not None and (end <= len(self._data) or end - self._at > _AHEAD)

    def _read_ahead(self) -> bool:
        """Read from the socket; whether it can still be used."""
        try:
            more = super()._sock_recv(_AHEAD)
        except BlockingIOError:
            return True
        except OSError as error:
            self._error = error
            return False
        # Else paho would ask whether the broker is there; on a slow link the answer is far behind what is on its way.
        self._last_bytes_received = time.monotonic()
        self._data, self._at = self._data[self._at :] + more, 0
        return bool(more)

    def _sock_recv(self, bufsize: int) -> bytes:
        """What lies ahead comes first, and what went wrong with the socket behind it."""
        if self._at < len(self._data):
            piece = self._data[self._at : self._at + bufsize]
            self._at += len(piece)
            return piece
        if self._error is not None:
            raise self._error
        return super()._sock_recv(bufsize)
