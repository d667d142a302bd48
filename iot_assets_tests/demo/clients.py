"""Two kinds of clients for the broker's tests: real paho, and a socket on which each packet can be seen and withheld.

Belongs here: connecting, waiting with a deadline. Does not: expectations.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from iot_assets.demo.broker import Broker
from iot_assets.demo.packets import Ack, ConnAck, Connect, Kind, Packet, Publish, SubAck, Subscribe, decode, encode
from iot_assets_tests.waiting import eventually


@contextmanager
def running(**options: Any) -> Iterator[Broker]:
    """A broker of our own in a thread with its own event loop."""
    started: list[Broker] = []
    ready, loop = threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with Broker(**options) as broker:
            started.append(broker)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), name="broker")
    thread.start()
    assert ready.wait(10)
    try:
        yield started[0]
    finally:
        while Raw.opened:
            Raw.opened.pop().cut()
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        assert not thread.is_alive()
        loop.close()


class Raw:
    """A client by hand: it acknowledges nothing unless told to. Those left open are closed with the broker."""

    opened: ClassVar[list[Raw]] = []

    def __init__(self, port: int, client_id: str = "raw", **connect: Any) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.opened.append(self)
        self.send(Connect(client_id, **connect))
        answer = self.receive()
        assert isinstance(answer, ConnAck)
        self.answer = answer

    def send(self, packet: Packet) -> None:
        self.socket.sendall(encode(packet))

    def receive(self) -> Packet:
        """The next packet; EOFError once the broker has closed."""
        first = self._exactly(1)[0]
        length = shift = 0
        while True:
            digit = self._exactly(1)[0]
            length |= (digit & 0x7F) << shift
            shift += 7
            if not digit & 0x80:
                return decode(first, self._exactly(length))

    def messages(self, count: int) -> list[Publish]:
        found: list[Publish] = []
        while len(found) < count:
            if isinstance(packet := self.receive(), Publish):
                found.append(packet)
        return found

    def silent(self, seconds: float = 0.3) -> bool:
        """Whether nothing comes for so long."""
        self.socket.settimeout(seconds)
        try:
            self.socket.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(10)
        return False

    def subscribe(self, *filters: tuple[str, int]) -> tuple[int, ...]:
        self.send(Subscribe(1, filters))
        answer = self.receive()
        assert isinstance(answer, SubAck)
        return answer.codes

    def acknowledge(self, message: Publish) -> None:
        self.send(Ack(Kind.PUBACK, message.packet_id))

    def closed(self) -> bool:
        """Whether the broker has closed the connection (and nothing but that comes)."""
        with suppress(ConnectionError):
            return self.socket.recv(1) == b""
        return True

    def cut(self) -> None:
        self.socket.close()

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data


@dataclass
class Paho:
    """A real client, connected, collecting what it gets."""

    port: int
    client_id: str = ""
    clean: bool = True
    protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv311
    subscriptions: tuple[tuple[str, int], ...] = ()
    got: list[paho.MQTTMessage] = field(default_factory=list)
    session_present: bool | None = None
    refused: str | None = None

    def __enter__(self) -> Self:
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.client_id,
            clean_session=self.clean if self.protocol is MQTTProtocolVersion.MQTTv311 else None,
            protocol=self.protocol,
        )
        self.client.on_connect = self._on_connect
        self.client.on_message = lambda _client, _data, message: self.got.append(message)
        subscribed = threading.Event()
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.connect("127.0.0.1", self.port)
        self.client.loop_start()
        eventually(lambda: self.session_present is not None or self.refused)
        if self.subscriptions:
            self.client.subscribe(list(self.subscriptions))
            assert subscribed.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def publish(self, topic: str, payload: bytes | str, *, qos: int = 1, retain: bool = False) -> None:
        info = self.client.publish(topic, payload, qos=qos, retain=retain)
        info.wait_for_publish(15)
        assert info.is_published()

    def payloads(self) -> list[bytes]:
        return [bytes(message.payload) for message in self.got]

    def _on_connect(
        self, _client: object, _data: object, flags: paho.ConnectFlags, reason: Any, _properties: object
    ) -> None:
        if reason.is_failure:
            self.refused = str(reason)
        else:
            self.session_present = flags.session_present
