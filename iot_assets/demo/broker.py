"""A small MQTT 3.1.1 broker for demo and tests, where no mosquitto is installed.

Belongs here: who is connected, what is retained, who gets which message. Does not: bytes (``packets.py``), what one
client is owed (``sessions.py``), the reading loop of a connection (``connection.py``). It keeps everything in memory:
persistent sessions live as long as the broker. An MQTT 5 client is told so by return code 1 and falls back.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from dataclasses import replace
from typing import Final, Self

from iot_assets.demo.connection import Connection
from iot_assets.demo.packets import ConnAck, Connect, MalformedPacketError, Publish, Subscribe, Unsubscribe
from iot_assets.demo.sessions import Bounds, Session
from iot_assets.demo.topics import matches
from iot_assets.settings import topic_filter_fault

DROPPED_TOPIC: Final = "$SYS/broker/publish/messages/dropped"
VERSION_TOPIC: Final = "$SYS/broker/version"
_REFUSED: Final = 0x80
_ROUTES_CACHED: Final = 10_000

log = logging.getLogger(__name__)


class Broker:
    """Listens, and moves messages from those who publish to those who subscribed.

    Use it as ``async with Broker() as broker``; ``broker.port`` is then the port it listens on.
    """

    def __init__(
        self, *, host: str = "127.0.0.1", port: int = 0, bounds: Bounds | None = None, sys_seconds: float = 10
    ) -> None:
        self.host, self.port = host, port
        self._bounds = bounds or Bounds()
        self._sys_seconds = sys_seconds
        self._sessions: dict[str, Session] = {}
        self._connections: dict[str, Connection] = {}
        self._retained: dict[str, Publish] = {}
        self._routes: dict[str, list[tuple[Session, int]]] = {}
        self._waiting: deque[Publish] = deque()
        self._delivering = False
        self._dropped_by_gone = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        self._keep(asyncio.create_task(self._publish_sys(), name="broker $SYS"))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def dropped(self) -> int:
        """Messages that did not fit into a queue, since the broker started."""
        return self._dropped_by_gone + sum(session.dropped for session in self._sessions.values())

    def publish(self, message: Publish) -> None:
        """Give a message to every subscription that matches, and keep it if it is to be retained."""
        if message.retain:
            if message.payload:
                self._retained[message.topic] = message
            else:
                self._retained.pop(message.topic, None)  # an empty retained message forgets the topic (3.3.1.3)
        # Delivering may bring about another message (a will, when a connection turns out to be dead): one at a time.
        self._waiting.append(replace(message, retain=False, dup=False, packet_id=0))
        if self._delivering:
            return
        self._delivering = True
        try:
            while self._waiting:
                message = self._waiting.popleft()
                for session, qos in self._route(message.topic):
                    session.deliver(message if message.qos <= qos else replace(message, qos=qos))
        finally:
            self._delivering = False

    def open_session(self, connect: Connect, connection: Connection) -> Session | None:
        """Answer CONNECT: the client's session, with the connection attached; None where the answer is no."""
        if (connect.protocol, connect.level) != ("MQTT", 4):
            connection.write(ConnAck(session_present=False, code=1))
            return None
        if not connect.client_id and not connect.clean_session:
            connection.write(ConnAck(session_present=False, code=2))
            return None
        client_id = connect.client_id or f"auto-{secrets.token_hex(8)}"
        if (other := self._connections.pop(client_id, None)) is not None:
            log.info("client %r connects again: its older connection is cut", client_id)
            other.cut()  # a client id is one client: the newcomer wins (3.1.4)
        known = self._sessions.get(client_id)
        if known is not None and (known.clean or connect.clean_session):
            self._forget(known)
            known = None
        session = known or Session(client_id, connect.clean_session, self._bounds)
        self._sessions[client_id] = session
        self._connections[client_id] = connection
        connection.write(ConnAck(session_present=known is not None, code=0))
        session.attach(connection.send)
        return session

    def close_session(self, session: Session, connection: Connection, will: Publish | None) -> None:
        """The connection is gone; its will is published, and a clean session ends with it."""
        if self._connections.get(session.client_id) is connection:
            del self._connections[session.client_id]
            session.detach()
            if session.clean:
                self._forget(session)
        if will is not None:
            self.publish(will)

    def subscribe(self, session: Session, packet: Subscribe) -> tuple[tuple[int, ...], list[Publish]]:
        """The codes for SUBACK, and the retained messages that are due after it."""
        codes, retained = [], []
        for name, asked in packet.filters:
            if topic_filter_fault(name) is not None or name.startswith("$share/"):
                codes.append(_REFUSED)
                continue
            granted = min(asked, 1)
            session.subscriptions[name] = granted
            codes.append(granted)
            retained += [
                replace(message, qos=min(message.qos, granted), dup=False, packet_id=0)
                for topic, message in self._retained.items()
                if matches(name, topic)
            ]
        self._routes.clear()
        return tuple(codes), retained

    def unsubscribe(self, session: Session, packet: Unsubscribe) -> None:
        """Forget these subscriptions; what is queued already still goes."""
        for name in packet.filters:
            session.subscriptions.pop(name, None)
        self._routes.clear()

    def _route(self, topic: str) -> list[tuple[Session, int]]:
        route = self._routes.get(topic)
        if route is None:
            wanted = [(session, session.wants(topic)) for session in self._sessions.values()]
            route = [(session, qos) for session, qos in wanted if qos is not None]
            if len(self._routes) >= _ROUTES_CACHED:
                self._routes.clear()
            self._routes[topic] = route
        return route

    def _forget(self, session: Session) -> None:
        del self._sessions[session.client_id]
        self._dropped_by_gone += session.dropped
        self._routes.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._keep(task)
        try:
            await Connection(self, reader, writer).run()
        except asyncio.CancelledError:
            pass  # the broker stops; asyncio would report the cancelled handler as a failure
        except MalformedPacketError as error:
            log.warning("a connection was cut: %s", error)

    async def _publish_sys(self) -> None:
        self.publish(Publish(VERSION_TOPIC, b"iot_assets demo broker, MQTT 3.1.1", retain=True))
        while True:
            self.publish(Publish(DROPPED_TOPIC, str(self.dropped).encode(), retain=True))
            await asyncio.sleep(self._sys_seconds)

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
