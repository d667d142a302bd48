"""The link to a broker: connecting and connecting again, the protocol's version, the session and its subscriptions.

Belongs here: everything that outlives one connection. Does not: paho (``connection.py``), what becomes of the messages
(``lander.py``).
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Final

from iot_assets.errors import BrokerError
from iot_assets.landing import causes
from iot_assets.landing.connection import DROPS_TOPIC, Connection, Protocol
from iot_assets.landing.trouble import Trouble

if TYPE_CHECKING:
    import logging

    from iot_assets.landing.state import StateFile
    from iot_assets.settings import Mqtt

_FIRST_BOUND: Final = 0.5
_STEADY_SECONDS: Final = 10.0
"""A connection that lasted so long has proven itself: after it, the pauses begin short again."""
_RIVALRY: Final = 3
"""After so many short lives in a row somebody else may be using our client id: not every broker says so."""
_REFUSED: Final = 0x80
_random: Final = secrets.SystemRandom()


def source_name(mqtt: Mqtt) -> str:
    """The source under which a broker's messages are landed."""
    return f"mqtt:{mqtt.client_id}"


class Link:
    """Owned by one thread, which calls ``keep`` a few times a second and reads from ``connection``."""

    def __init__(self, mqtt: Mqtt, state: StateFile, log: logging.Logger) -> None:
        self._mqtt, self._state, self._log = mqtt, state, log
        self.address = f"{mqtt.host}:{mqtt.port}"
        self.trouble = Trouble(log)
        self.connection: Connection | None = None
        self.subscribed_at: float | None = None
        """When (monotonic) the broker confirmed the last subscription of this connection; None before that."""
        self.drops: int | None = None
        self.drops_before: int | None = None
        self._attempts = 0
        self._retry_at = 0.0
        self._up_at = 0.0
        self._protocol: Protocol = "3.1.1" if mqtt.protocol == "3.1.1" else "5"
        self._silent_ends = 0
        """How often in a row the broker hung up before it answered."""
        self._short_lives = 0
        """How often in a row the broker accepted us and soon hung up without a reason."""
        self._guessed = False
        """Whether 3.1.1 was chosen on silence, not on a clear refusal of 5: then 5 is tried again next time."""
        self._wanted: dict[int, list[str]] = {}
        """SUBSCRIBEs not answered yet: packet id → filters."""
        self._refused: list[str] = []
        self._watch_id: int | None = None
        self._watch_failures = 0
        identity = f"{self.address} {mqtt.client_id}"
        if state.now.broker != identity:
            state.change(broker=identity, session_expected=False, subscribed=())

    @property
    def protocol(self) -> Protocol:
        """The version of MQTT in use, or to be tried next."""
        return self._protocol

    @property
    def up(self) -> bool:
        """Connected, and all subscriptions confirmed."""
        return self.connection is not None and self.connection.accepted and self.subscribed_at is not None

    @property
    def awaits_answer(self) -> bool:
        """Connected, and the broker has not said yet whether it accepts us."""
        return self.connection is not None and self.connection.news.accepted is None

    def keep(self, *, reading: bool) -> None:
        """Connect when it is time, hear what the broker said, notice that it is gone."""
        if self.connection is None:
            if time.monotonic() >= self._retry_at:
                self._connect()
            return
        connection = self.connection
        connection.keep(reading=reading or self.awaits_answer)
        if connection.ended is not None:
            self._lost(connection.ended)
            return
        if connection.news.accepted and not self._up_at:
            self._accepted(connection)
        for packet_id, codes in connection.news.granted:
            self._answered(packet_id, codes)
        connection.news.granted.clear()
        if connection.news.drops is not None:
            self.drops = connection.news.drops
            self.drops_before = self.drops if self.drops_before is None else self.drops_before
        if self._refused and self.subscribed_at and time.monotonic() > self.subscribed_at + self._pause_bound():
            self._subscribe(self._refused)

    def close(self) -> None:
        """Say farewell; the broker keeps the session."""
        if self.connection is not None:
            if self.connection.accepted:
                self.connection.close()
            self.connection.abandon()
            self.connection = None

    def _pause_bound(self) -> float:
        return float(self._mqtt.reconnect_max_seconds)

    def _connect(self) -> None:
        self._up_at, self.subscribed_at = 0.0, None
        self._wanted, self._refused, self._watch_id = {}, [], None
        try:
            self.connection = Connection(self._mqtt, self._protocol, source=source_name(self._mqtt), log=self._log)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not end the lander, and it is said
            # Files of the settings that cannot be read land here too: they name themselves in the system's words.
            name = getattr(error, "filename", None)
            why = f"cannot be used: {name}: {error.strerror}" if isinstance(error, OSError) and name else None
            self._trouble(why or causes.of_exception(error))
            self._pause()

    def _trouble(self, why: str) -> None:
        self.trouble.begin(str(BrokerError(self.address, why)))

    def _pause(self) -> None:
        bound = min(_FIRST_BOUND * 2 ** min(self._attempts, 20), self._pause_bound())
        self._attempts += 1
        # Full jitter: a thousand landers that lost one broker must not come back all at once.
        self._retry_at = time.monotonic() + _random.uniform(0, bound)

    def _lost(self, why: str) -> None:
        assert self.connection is not None
        connection, self.connection = self.connection, None
        connection.abandon()
        if self._up_at:
            if time.monotonic() - self._up_at > _STEADY_SECONDS:
                self._attempts = self._short_lives = 0
            elif connection.news.reason == "Success":  # that of its CONNACK: it said no farewell
                self._short_lives += 1
            self._trouble(why if self._short_lives < _RIVALRY else f"{why}; {causes.of_rivalry(self._mqtt.client_id)}")
            if self._guessed:
                self._protocol, self._guessed = "5", False
            self._count_watch_failure()
        elif connection.news.accepted is False and connection.news.reason == "Unsupported protocol version":
            self._other_protocol(f"refused MQTT {self._protocol}", why)
        else:
            self._trouble(why)
            if connection.news.accepted is None:
                self._silent_ends += 1
                if self._silent_ends % 2 == 0:
                    self._other_protocol(f"hung up twice without an answer to MQTT {self._protocol}", why)
        self._up_at, self.subscribed_at = 0.0, None
        self._pause()

    def _other_protocol(self, what: str, why: str) -> None:
        if self._mqtt.protocol != "auto":
            self._trouble(why)
        elif self._protocol == "5":
            self._log.info("the MQTT broker at %s %s; trying 3.1.1", self.address, what)
            self._protocol, self._guessed = "3.1.1", self._silent_ends > 0
        else:
            self._trouble(why)
            self._protocol = "5"

    def _accepted(self, connection: Connection) -> None:
        self._up_at = time.monotonic()
        before, present = self._state.now, connection.news.session_present
        if before.session_expected and not present:
            self._log.error(
                "THE SESSION AT %s IS LOST: the broker no longer has what it kept for client id %r, so messages sent"
                " while the lander was away may be lost; see the broker's persistence and session expiry",
                self.address, self._mqtt.client_id,
            )  # fmt: skip
        self._state.change(
            session=before.session + 1,
            session_lost=before.session_lost + (before.session_expected and not present),
            session_expected=True,
            subscribed=before.subscribed if present else (),
        )
        connection.begin(self._state.now.session)
        self._silent_ends = 0
        self.trouble.forget()
        self._log.info(
            "connected to %s with MQTT %s, session %d (%s)",
            self.address, self._protocol, self._state.now.session, "resumed" if present else "new",
        )  # fmt: skip
        self._subscriptions(connection, present=present)

    def _subscriptions(self, connection: Connection, *, present: bool) -> None:
        held = self._state.now.subscribed
        if gone := [topic for topic in held if topic not in self._mqtt.topics]:
            connection.unsubscribe(gone)
            self._state.change(subscribed=tuple(topic for topic in held if topic not in gone))
        # 3.1.1 sends all retained messages again with each SUBSCRIBE, so what the session holds is left alone.
        known = held if present and self._protocol == "3.1.1" else ()
        if missing := [topic for topic in self._mqtt.topics if topic not in known]:
            self._subscribe(missing)
        else:
            self._confirmed()

    def _subscribe(self, filters: list[str]) -> None:
        assert self.connection is not None
        self._refused = []
        if (packet_id := self.connection.subscribe(filters)) is not None:
            self._wanted[packet_id] = filters

    def _answered(self, packet_id: int, codes: list[int]) -> None:
        if packet_id == self._watch_id:
            self._watch_id, self._watch_failures = None, 0
            return
        filters = self._wanted.pop(packet_id, [])
        self._refused = [topic for topic, code in zip(filters, codes, strict=False) if code >= _REFUSED]
        granted = [topic for topic in filters if topic not in self._refused]
        self._state.change(subscribed=tuple(dict.fromkeys([*self._state.now.subscribed, *granted])))
        if poor := [topic for topic, code in zip(filters, codes, strict=False) if code == 0]:
            self._log.error("the broker grants only QoS 0 for %s: messages may be lost on the way", ", ".join(poor))
        if self._refused:
            self._trouble(f"refused the subscription to {', '.join(self._refused)}; see mqtt.topics and its rules")
        else:
            self.trouble.end("the broker granted the subscription")
        self._confirmed()

    def _confirmed(self) -> None:
        assert self.connection is not None
        self.subscribed_at = time.monotonic()
        if self._mqtt.watch_drops and self._watch_failures < 2 and self._watch_id is None:
            self._watch_id = self.connection.watch_drops()

    def _count_watch_failure(self) -> None:
        """Some brokers (AWS IoT Core) hang up on whoever asks for ``$SYS``: after the second time, ask no more."""
        if self._watch_id is not None:
            self._watch_failures += 1
            if self._watch_failures == 2:
                self._log.warning(
                    "the broker hangs up when asked for %s, so its drops are not watched; mqtt.watch_drops = false says"
                    " so from the start", DROPS_TOPIC,
                )  # fmt: skip
