"""Clients that drain a broker and keep nothing, as references: a bare socket with our decoder, and stock paho.

    python benchmarks/mqtt_drains.py bare --port 1883 --client-id bare --messages 1000000

Each resumes the session of its client id, acknowledges what comes, ends after so many messages (or, with none, once it
has subscribed), and prints the seconds from its start to the last message.
"""

from __future__ import annotations

import argparse
import select
import socket
import struct
import sys
import time
from array import array
from pathlib import Path

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

sys.path.insert(0, str(Path(__file__).parent.parent))

from iot_assets.landing import publishes

_CONNECTED, _SUBSCRIBED = b"\x20\x02", b"\x90\x03"
#: So many are answered for at once, or what there is after such a pause: answered one by one, Mosquitto sends the next
#: one by one, and a packet of its own for each costs more than all else.
_TOGETHER, _PAUSE_SECONDS = 5_000, 0.005
#: Whoever reads a little as soon as it is there reads little each time; after a breath there is more.
_MUCH, _BREATH_SECONDS = 1 << 17, 0.001


def bare(port: int, client_id: str, messages: int) -> None:
    """One socket, our decoder, PUBACKs joined: what is possible in this language, with nothing stored."""
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    name = client_id.encode()
    body = struct.pack("!H4sBBHH", 4, b"MQTT", 4, 0, 0, len(name)) + name
    sock.sendall(bytes([0x10, len(body)]) + body)
    assert sock.recv(4, socket.MSG_WAITALL)[:2] == _CONNECTED
    if not messages:
        sock.sendall(b"\x82\x10\x00\x01\x00\x0btelemetry/#\x01")
        assert sock.recv(5, socket.MSG_WAITALL)[:2] == _SUBSCRIBED
    left, answers = b"", array("H")
    while messages > 0:
        if select.select([sock], [], [], _PAUSE_SECONDS)[0]:
            read = sock.recv(1 << 20)
            left += read
            found = publishes.read(left, 0, 1 << 20, version_5=False)
            for at in found.marks[1::5]:
                answers.extend((0x4002, left[at] << 8 | left[at + 1]))
            messages -= len(found)
            left = left[found.end :]
            if messages > 0 and len(answers) < 2 * _TOGETHER:
                if len(read) < _MUCH:
                    time.sleep(_BREATH_SECONDS)
                continue
        answers.byteswap()
        sock.sendall(answers)
        answers = array("H")
    sock.sendall(b"\xe0\x00")
    sock.close()


def stock(port: int, client_id: str, messages: int, *, version_5: bool) -> None:
    """paho as it comes: its own loop, its own acknowledgements, a callback that counts."""
    protocol = MQTTProtocolVersion.MQTTv5 if version_5 else MQTTProtocolVersion.MQTTv311
    client = Client(
        CallbackAPIVersion.VERSION2, client_id, clean_session=None if version_5 else False, protocol=protocol
    )
    left = messages

    def on_message(*_: object) -> None:
        nonlocal left
        left -= 1
        if not left:
            client.disconnect()

    client.on_message = on_message
    client.on_subscribe = lambda *_: client.disconnect()
    if version_5:
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties

        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval, properties.ReceiveMaximum = 3600, 20_000
        client.connect("127.0.0.1", port, clean_start=False, properties=properties)
    else:
        client.connect("127.0.0.1", port)
    if not messages:
        client.on_connect = lambda *_: client.subscribe("telemetry/#", 1)
    client.loop_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", choices=["bare", "paho 3.1.1", "paho 5"])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--client-id", required=True)
    parser.add_argument("--messages", type=int, default=0)
    arguments = parser.parse_args()
    began = time.monotonic()
    if arguments.which == "bare":
        bare(arguments.port, arguments.client_id, arguments.messages)
    else:
        stock(arguments.port, arguments.client_id, arguments.messages, version_5=arguments.which == "paho 5")
    print(time.monotonic() - began)


if __name__ == "__main__":
    main()
