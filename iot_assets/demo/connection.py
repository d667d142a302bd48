"""One client's connection to the broker: packets read, answered and written, until either side goes away.

Belongs here: the order of packets on one socket, keepalive, the will. Does not: who else gets a message, which is
for ``broker.py`` to know.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Final, Protocol

from iot_assets.demo.packets import (
    Ack,
    Bare,
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
    kind_of,
)

if TYPE_CHECKING:
    from iot_assets.demo.sessions import Session

#: Time that a client has for its CONNECT.
_HELLO_SECONDS: Final = 10.0
#: Time that the rest of what was written has to leave a closing connection.
_FAREWELL_SECONDS: Final = 2.0
#: Above so many unsent bytes a QoS 0 message to this client is dropped: nothing else would bound them.
_UNSENT_BYTES: Final = 4 * 1024 * 1024
#: Packets larger than this are not taken; the standard's own bound is eight times as much.
_PACKET_BYTES: Final = 32 * 1024 * 1024


class Exchange(Protocol):
    """What a connection asks of its broker."""

    def publish(self, message: Publish) -> None: ...  # noqa: D102 - Broker says it
    def open_session(self, connect: Connect, connection: Connection) -> Session | None: ...  # noqa: D102
    def close_session(self, session: Session, connection: Connection, will: Publish | None) -> None: ...  # noqa: D102
    def subscribe(self, session: Session, packet: Subscribe) -> tuple[tuple[int, ...], list[Publish]]: ...  # noqa: D102
    def unsubscribe(self, session: Session, packet: Unsubscribe) -> None: ...  # noqa: D102


class Connection:
    """A socket that has said CONNECT, or is about to."""

    def __init__(self, broker: Exchange, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._broker, self._reader, self._writer = broker, reader, writer
        if (sock := writer.get_extra_info("socket")) is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A subscriber may stop reading for a while and still has its pings answered: what it is sent ahead is bounded
        # by its window, so only a client that never reads its acknowledgements is made to wait.
        writer.transport.set_write_buffer_limits(high=_PACKET_BYTES)

    async def run(self) -> None:
        """Serve the client until it leaves.

        Raises:
            MalformedPacketError: it sent something that is not MQTT 3.1.1, and was cut off.
        """
        try:
            with contextlib.suppress(EOFError, OSError, TimeoutError):
                async with asyncio.timeout(_HELLO_SECONDS):
                    hello = await self._read()
                if not isinstance(hello, Connect):
                    raise MalformedPacketError("the first packet is not CONNECT")
                if (session := self._broker.open_session(hello, self)) is not None:
                    await self._serve(hello, session)
                await self._writer.drain()
        finally:
            await self._close()

    def write(self, packet: Packet) -> None:
        """Queue a packet for the socket; what a dead connection does not take is sent again to the next one."""
        if not self._writer.is_closing():
            self._writer.write(encode(packet))

    def send(self, message: Publish) -> bool:
        """Write a message; False if it is QoS 0 and the client reads too slowly."""
        if message.qos == 0 and self._writer.transport.get_write_buffer_size() > _UNSENT_BYTES:
            return False
        self.write(message)
        return True

    def cut(self) -> None:
        """End the connection at once; the client notices by the closed socket."""
        self._writer.transport.abort()

    async def _close(self) -> None:
        self._writer.close()
        try:
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await self._writer.wait_closed()
        except (OSError, TimeoutError):
            pass
        finally:
            self.cut()  # a client that does not read would keep the rest, and us, for ever

    async def _serve(self, hello: Connect, session: Session) -> None:
        # One and a half times the keepalive without a packet, and the client counts as gone (3.1.2.10).
        patience = hello.keepalive * 1.5 or None
        will = hello.will
        try:
            while True:
                async with asyncio.timeout(patience):
                    packet = await self._read()
                if packet == Bare(Kind.DISCONNECT):
                    will = None  # a proper farewell needs no will (3.14.4)
                    return
                self._handle(session, packet)
                await self._writer.drain()
        finally:
            self._broker.close_session(session, self, will)

    def _handle(self, session: Session, packet: Packet) -> None:
        match packet:
            case Publish():
                self._take(session, packet)
            case Ack(kind=Kind.PUBACK):
                session.acknowledge(packet.packet_id)
            case Ack(kind=Kind.PUBREL):
                session.unreleased.discard(packet.packet_id)
                self.write(Ack(Kind.PUBCOMP, packet.packet_id))
            case Bare(kind=Kind.PINGREQ):
                self.write(Bare(Kind.PINGRESP))
            case Subscribe():
                codes, retained = self._broker.subscribe(session, packet)
                self.write(SubAck(packet.packet_id, codes))
                for message in retained:
                    session.deliver(message)
            case Unsubscribe():
                self._broker.unsubscribe(session, packet)
                self.write(Ack(Kind.UNSUBACK, packet.packet_id))
            case _:
                raise MalformedPacketError(f"{type(packet).__name__} is not for a client to send here")

    def _take(self, session: Session, message: Publish) -> None:
        """Pass a client's message on, and answer as its QoS asks (4.3)."""
        if message.qos == 2:  # taken on first sight and passed on as QoS 1; the id is remembered until its release
            if message.packet_id not in session.unreleased:
                session.unreleased.add(message.packet_id)
                self._pass_on(message)
            self.write(Ack(Kind.PUBREC, message.packet_id))
            return
        self._pass_on(message)
        if message.qos:
            self.write(Ack(Kind.PUBACK, message.packet_id))

    def _pass_on(self, message: Publish) -> None:
        if not message.topic.startswith("$SYS/"):  # the broker's own word cannot be put into its mouth (4.7.2)
            self._broker.publish(message)

    async def _read(self) -> Packet:
        first = (await self._reader.readexactly(1))[0]
        kind_of(first)
        length = shift = 0
        while True:
            digit = (await self._reader.readexactly(1))[0]
            length |= (digit & 0x7F) << shift
            if not digit & 0x80:
                break
            shift += 7
            if shift > 21:
                raise MalformedPacketError("a length of more than four bytes")
        if length > _PACKET_BYTES:
            raise MalformedPacketError(f"a packet of {length} bytes")
        return decode(first, await self._reader.readexactly(length))
