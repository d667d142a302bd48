"""Every private name of paho-mqtt that we use, and why, in one place that a test holds against the installed version.

paho has no public way to do these three things, each of which keeps messages from being lost or doubled. Nothing else
in the project touches a name of paho that begins with an underscore.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paho.mqtt.enums import MessageType

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

#: owner → names; the test checks that each is there.
PRIVATE_NAMES: Final = {
    "client": ("_ping_t", "_packet_queue", "_sock_close"),
    "message": ("_topic",),
}


def forgive_ping(client: Client) -> None:
    """Do not take a missing PINGRESP for a dead broker: while we do not read, it waits unread in the socket."""
    client._ping_t = 0.0  # noqa: SLF001


def send_acknowledgements(client: Client, packet_ids: list[int]) -> None:
    """Queue the PUBACKs of a whole commit as one piece: paho's own ``ack`` costs one system call a message."""
    blob = b"".join([b"\x40\x02" + packet_id.to_bytes(2, "big") for packet_id in packet_ids])
    client._packet_queue(MessageType.PUBACK, blob, packet_ids[-1], 1)  # noqa: SLF001


def drop(client: Client) -> None:
    """Close the socket without a word: the broker keeps the session, and redelivers what was not acknowledged."""
    client._sock_close()  # noqa: SLF001


def topic_of(message: MQTTMessage) -> str:
    """The topic, also where it is not UTF-8 (which the protocol forbids): such bytes are shown in hexadecimal."""
    try:
        return message.topic
    except UnicodeDecodeError:
        return message._topic.decode("utf-8", "backslashreplace")  # noqa: SLF001
