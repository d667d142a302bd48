"""One connection to a broker, from the first packet to the last: one paho client, one epoch.

A client is used for one connection only, so that nothing of an earlier one (half a packet, an unsent acknowledgement,
a packet id) can leak into it. No thread is started: whoever owns the connection calls ``wait``, ``read`` and ``keep``.

Belongs here: paho. Does not: when to connect and what to subscribe to (``link.py``).
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import select
import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from iot_assets.landing import causes, properties, publishes
from iot_assets.landing.credentials import password, tls_context
from iot_assets.landing.instants import Instants
from iot_assets.landing.linger import Linger
from iot_assets.landing.paho_private import (
    BulkClient,
    bulk_reading_fits,
    drop,
    forgive_ping,
    send_acknowledgements,
    topic_of,
)
from iot_assets.landing.taken import Taken

if TYPE_CHECKING:
    from paho.mqtt.reasoncodes import ReasonCode

    from iot_assets.landing.wake import Wake
    from iot_assets.settings import Mqtt

Protocol = Literal["5", "3.1.1"]

#: The broker's own count of what it dropped; read for the status, never landed.
DROPS_TOPIC: Final = "$SYS/broker/publish/messages/dropped"
_CONNECT_SECONDS: Final = 5.0
_CONNACK_SECONDS: Final = 10.0
_FAREWELL_SECONDS: Final = 3.0


@dataclass(slots=True)
class News:
    """What the broker has said since the owner last looked; the owner clears what it has handled."""

    accepted: bool | None = None
    """CONNACK: whether it accepted us."""
    session_present: bool = False
    reason: str = ""
    """Name of the reason, of a refusal or of the broker's farewell."""
    granted: list[tuple[int, list[int]]] = field(default_factory=list)
    """SUBACKs: packet id and codes."""
    drops: int | None = None


class Connection:
    """Opens on construction (up to five seconds), raising whatever the system or TLS raises."""

    def __init__(self, mqtt: Mqtt, protocol: Protocol, *, source: str, log: logging.Logger) -> None:
        self.protocol = protocol
        self.news = News()
        self.taken = Taken(source, 0)
        self.ended: str | None = None
        """Why the connection is over, or None while it is not."""
        self._source, self._log = source, log
        self._said = _LastSaid(log)
        self._opened = time.monotonic()
        self._fault = False
        self._tls = mqtt.tls.enabled
        self._poll = select.poll()
        version = MQTTProtocolVersion.MQTTv5 if protocol == "5" else MQTTProtocolVersion.MQTTv311
        self._instants = Instants()
        self._linger = Linger()
        self._in_bulk = True
        self._room = 0
        """How many messages may still be taken by ``read``."""
        bulk = mqtt.bulk_reading and bulk_reading_fits()
        self._client = client = (functools.partial(BulkClient, self._take) if bulk else Client)(
            CallbackAPIVersion.VERSION2,
            client_id=mqtt.client_id,
            clean_session=None if protocol == "5" else False,
            protocol=version,
            manual_ack=True,
            reconnect_on_failure=False,  # else paho would try MQTT 3.1 by itself
        )
        client.suppress_exceptions = True
        client.enable_logger(self._said)
        client.connect_timeout = _CONNECT_SECONDS
        if mqtt.username is not None:
            client.username_pw_set(mqtt.username, password(mqtt))
        if mqtt.tls.enabled:
            client.tls_set_context(tls_context(mqtt))
        client.on_socket_open = self._on_socket_open
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        if protocol == "5":
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = mqtt.session_expiry_seconds
            properties.ReceiveMaximum = mqtt.receive_maximum
            client.connect(mqtt.host, mqtt.port, mqtt.keepalive_seconds, clean_start=False, properties=properties)
        else:
            client.connect(mqtt.host, mqtt.port, mqtt.keepalive_seconds)

    @property
    def accepted(self) -> bool:
        """Whether MQTT is up: the broker has accepted us and the connection has not ended."""
        return self.ended is None and self.news.accepted is True

    def begin(self, session: int) -> None:
        """From here on messages are taken in this epoch."""
        self.taken = Taken(self._source, session)

    def wait(self, seconds: float, *, reading: bool, wake: Wake) -> bool:
        """Wait until there is something to do or it rings; whether something can be read."""
        sock = self._client.socket()
        if self.ended is not None or sock is None:
            wake.wait(seconds)
            return False
        if reading and self._pending():
            seconds = 0.0
        mask = (select.POLLIN if reading else 0) | (select.POLLOUT if self._client.want_write() else 0)
        self._poll.modify(sock.fileno(), mask)
        self._poll.register(wake.fileno(), select.POLLIN)
        events = dict(self._poll.poll(seconds * 1000)).get(sock.fileno(), 0)
        self._poll.unregister(wake.fileno())
        if events & select.POLLOUT:
            self._client.loop_write()
        if not reading and events & (select.POLLHUP | select.POLLERR):
            # It is gone, and what is unread in it can no longer be acknowledged: it comes again.
            self._end(self._silence())
        return reading and (bool(events & ~select.POLLOUT) or self._pending())

    def read(self, *, messages: int, size: int, seconds: float) -> None:
        """Take what the socket holds, up to bounds, or until the broker says something its owner must handle.

        The bound on bytes is passed by no more than what is read at once, or by one message.
        """
        if not self._pending() and (sock := self._client.socket()) is not None:
            self._linger.wait(sock.fileno())
        until = time.monotonic() + seconds
        taken, news = self.taken, self.news
        while self.ended is None and len(taken) < messages and taken.size < size:
            was_accepted, subacks = news.accepted, len(news.granted)
            self._room = messages - len(taken)
            self._client.loop_read()
            if self._fault:
                self._end("sent what we could not take; the connection is made anew")
            told = news.accepted != was_accepted or len(news.granted) != subacks
            if told or not self._readable() or time.monotonic() > until:
                break
        self._linger.read(len(taken))

    def keep(self, *, reading: bool) -> None:
        """Keepalive and time limits; call it a few times a second."""
        if self.ended is not None:
            return
        if not reading:
            forgive_ping(self._client)
        self._client.loop_misc()
        if self.ended is None and self._client.socket() is None:
            self._end(self._silence())
        if self.news.accepted is None and time.monotonic() - self._opened > _CONNACK_SECONDS:
            self._end("accepts connections but does not speak MQTT")

    def acknowledge(self, packet_ids: list[int]) -> bool:
        """Send PUBACKs in this order; False where the connection is over and they mean nothing any more."""
        if not self.accepted:
            return False
        if packet_ids:
            send_acknowledgements(self._client, packet_ids)
        return True

    def subscribe(self, filters: list[str]) -> int | None:
        """Subscribe at QoS 1; the packet id that the answer will carry.

        At QoS 2 paho confirms a message before we have seen it. Retained messages come only where the broker's session
        does not hold the subscription yet (in 3.1.1, where it cannot be asked for that, the owner does not ask again).
        """
        if self.protocol == "5":
            options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
            return self._client.subscribe([(topic, options) for topic in filters])[1]
        return self._client.subscribe([(topic, 1) for topic in filters])[1]

    def watch_drops(self) -> int | None:
        """Ask for the broker's count of drops; the packet id that the answer will carry."""
        if self.protocol == "5":
            return self._client.subscribe(DROPS_TOPIC, options=SubscribeOptions(qos=0))[1]
        return self._client.subscribe(DROPS_TOPIC, 0)[1]

    def unsubscribe(self, filters: list[str]) -> None:
        """Give up filters that the session holds and the settings no longer name."""
        self._client.unsubscribe(filters)

    def close(self) -> None:
        """Say farewell once every acknowledgement has left, and wait for the broker to hang up.

        Closing a socket that holds unread bytes resets the connection, and a reset may overtake the acknowledgements;
        so what still comes in is read and thrown away: unacknowledged, it is redelivered next time.
        """
        sock = self._client.socket()
        if self.ended is not None or sock is None:
            return
        until = time.monotonic() + _FAREWELL_SECONDS
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(sock.fileno())) as duplicate:
            self._client.disconnect()
            while self._client.socket() is not None and time.monotonic() < until:
                self._poll.modify(sock.fileno(), select.POLLOUT)
                self._poll.poll(100)
                self._client.loop_write()
            duplicate.settimeout(1)
            while time.monotonic() < until and duplicate.recv(1 << 18):
                pass
        self._end("")

    def abandon(self) -> None:
        """Close the socket without a word."""
        self._end("")

    def _end(self, why: str) -> None:
        if self.ended is None:
            self.ended = why
        drop(self._client)

    def _silence(self) -> str:
        return causes.of_silence(self._said.text, tls_unanswered=self._tls and self.news.accepted is None)

    def _pending(self) -> bool:
        """Whether there are bytes, decrypted or read ahead, that no poll would tell of."""
        if isinstance(self._client, BulkClient) and self._client.ahead:
            return True
        sock = self._client.socket()
        return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0

    def _readable(self) -> bool:
        if self._pending():
            return True
        if (sock := self._client.socket()) is None:
            return False
        self._poll.modify(sock.fileno(), select.POLLIN)
        return bool(self._poll.poll(0))

    def _take(self, data: bytes, at: int) -> int:
        """Take what can be taken in bulk of the packets that begin here; where the first begins that cannot."""
        if not self._in_bulk:
            return at
        try:
            found = publishes.read(data, at, self._room, version_5=self.protocol == "5")
            if len(found):
                self.taken.extend(found.batch(self._instants.next(len(found))), found.size)
        except Exception:  # noqa: BLE001 - logged, and nothing is lost: paho takes them
            self._log.exception("messages could not be taken in bulk; on this connection they are taken one by one")
            self._in_bulk = False
            return at
        return found.end

    # Callbacks. paho suppresses and logs what they raise; _on_message, where that would lose a message, says so itself.

    def _on_socket_open(self, client: Client, userdata: Any, sock: Any) -> None:
        del client, userdata
        self._poll.register(sock.fileno(), select.POLLIN)
        # Acknowledgements are small: without this each batch of them waits for the one before to be confirmed.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _on_connect(
        self, client: Client, userdata: Any, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        del client, userdata, properties
        self.news.session_present = flags.session_present
        self.news.reason = reason.getName()
        self.news.accepted = not reason.is_failure

    def _on_disconnect(
        self, client: Client, userdata: Any, flags: DisconnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        del client, userdata, properties
        if self.ended is not None:
            return
        if self.news.accepted is False:
            self.ended = causes.of_reason(self.news.reason)
        elif flags.is_disconnect_packet_from_server:
            self.news.reason = reason.getName()
            self.ended = causes.of_reason(self.news.reason)
        else:
            self.ended = self._silence()

    def _on_subscribe(
        self, client: Client, userdata: Any, mid: int, codes: list[ReasonCode], properties: Properties | None
    ) -> None:
        del client, userdata, properties
        self.news.granted.append((mid, [code.value for code in codes]))

    def _on_message(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        del client, userdata
        try:
            topic = topic_of(message)
            if topic == DROPS_TOPIC:
                with contextlib.suppress(ValueError):  # another broker may use the name for something else
                    self.news.drops = int(message.payload)
                return
            values = {} if message.properties is None else vars(message.properties)
            content_type, attributes = properties.kept(values.get("ContentType"), values.get("UserProperty", []))
            self.taken.add(
                topic,
                bytes(message.payload),
                received_us=self._instants.next(),
                qos=message.qos,
                retain=message.retain,
                dup=message.dup,
                packet_id=message.mid,
                content_type=content_type,
                attributes=attributes,
            )
        except Exception:  # noqa: BLE001 - logged, and mended by the loop
            # Passed over in silence, the message would hold its place in the window for ever: have it sent again.
            self._log.exception("a message could not be taken")
            self._fault = True


class _LastSaid(logging.Logger):
    """Takes paho's log: keeps the last complaint, for the sentence, and passes on nothing but faults of ours."""

    def __init__(self, log: logging.Logger) -> None:
        super().__init__("paho", logging.WARNING)
        self._to = log
        self.text = ""

    def handle(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message.startswith("Caught exception"):
            self._to.error("%s", message)
        else:
            self.text = message.removeprefix("failed to receive on socket: ")
