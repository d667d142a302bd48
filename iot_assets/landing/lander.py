"""The lander: one loop that takes messages, makes them durable, acknowledges them, and has them sealed.

Belongs here: the order of things in one turn of the loop, when it ends, what it leaves behind. Does not: how any of
them is done.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from iot_assets.errors import StorageError
from iot_assets.lake.message_id import MessageIds
from iot_assets.lake.paths import DataPaths
from iot_assets.landing.commit import Committer
from iot_assets.landing.health import HealthServer
from iot_assets.landing.intake.server import IntakeServer
from iot_assets.landing.link import Link
from iot_assets.landing.lock import LanderLock
from iot_assets.landing.registry import RegistryWatch
from iot_assets.landing.sealer import Sealer
from iot_assets.landing.segment import Spool, list_segments
from iot_assets.landing.state import StateFile
from iot_assets.landing.status import LanderStatus, Mode, write_status
from iot_assets.landing.trouble import Trouble
from iot_assets.landing.wake import Wake

if TYPE_CHECKING:
    import threading

    from iot_assets.landing.connection import Connection
    from iot_assets.landing.taken import Taken
    from iot_assets.settings import Settings

_TURN_SECONDS: Final = 0.2
"""Longest wait in one turn: how late a stop, a seal or a reconnect may be noticed."""
_READ_SECONDS: Final = 0.1
"""Longest reading before a commit: under load, how long an acknowledgement may wait."""
_STATUS_SECONDS: Final = 1.0
_START_RETRY_SECONDS: Final = 1.0
_ARROW_BYTES: Final = 1 << 30
"""Payloads of one batch, far enough below the two gigabytes that an Arrow column holds."""
_DISK_TROUBLE: Final = "the disk takes no data at the moment (the lander's log says why), so nothing is accepted"


@dataclass(frozen=True, slots=True)
class LanderReport:
    """What one call of ``run_lander`` did."""

    taken: int
    """Messages taken in."""
    landed: int
    """Messages in landed files, those left by an earlier start included."""
    acknowledged: int
    bytes: int
    """Payload bytes of the messages taken."""
    files: int
    """Parquet files sealed."""
    seconds: float
    storage_problem: str | None
    """What was still wrong with the disk at the end."""
    broker_problem: str | None
    """What was still wrong with the broker at the end."""


def run_lander(
    settings: Settings,
    *,
    stop: threading.Event,
    until_idle: float | None = None,
    for_seconds: float | None = None,
    mode: Mode = "process",
) -> LanderReport:
    """Land messages until told to stop; what was taken by then is durable, acknowledged and sealed.

    Works in any thread, and any number of times in one process.

    Args:
        settings: the whole tree.
        stop: ends it when set.
        until_idle: ends it once the broker is connected and nothing has arrived for so many seconds.
        for_seconds: ends it after so many seconds (and the little that finishing takes).
        mode: told to whoever reads the status.

    Raises:
        InUseError: another lander of this name runs, or the port of the metrics or of the intake is taken.
    """
    lander = _Lander(settings, stop=stop, until_idle=until_idle, for_seconds=for_seconds, mode=mode)
    return lander.run()


class _Lander:
    def __init__(
        self,
        settings: Settings,
        *,
        stop: threading.Event,
        until_idle: float | None,
        for_seconds: float | None,
        mode: Mode,
    ) -> None:
        self._settings, self._stop, self._until_idle, self._mode = settings, stop, until_idle, mode
        self._name = settings.lander.name
        self._log = logging.getLogger(f"iot_assets.landing.{self._name}")
        self._paths = DataPaths(settings.data_dir)
        self._folder = self._paths.spool(self._name)
        self._began = time.monotonic()
        self._ends = None if for_seconds is None else self._began + for_seconds
        self._started_at = datetime.now(UTC)
        self._state = StateFile(self._folder)
        self._sealer = Sealer(self._paths, self._name, self._log)
        self._start_trouble = Trouble(self._log)
        self._committer: Committer | None = None
        self._link: Link | None = None
        self._wake = Wake()
        self._intake: IntakeServer | None = None
        self._received = self._received_bytes = self._duplicates = self._acknowledged = 0
        self._last_arrival = self._began
        self._last_message_at: datetime | None = None
        self._last_sealed_at: datetime | None = None
        self._files_seen = 0
        self._status_at = 0.0
        self._told: tuple[object, ...] = ()
        self._status = self._now()

    def run(self) -> LanderReport:
        with contextlib.ExitStack() as leave:
            leave.callback(self._wake.close)
            if self._settings.lander.metrics_port:
                health = HealthServer(
                    self._settings.lander.metrics_host, self._settings.lander.metrics_port, lambda: self._status
                )
                leave.callback(health.close)
            # A sensor lands for seconds at a time; senders would meet a closed port most of the time.
            if self._settings.http.port and self._mode == "process":
                self._intake = IntakeServer(self._settings, self._settings.http.port, self._wake)
                leave.callback(self._intake.close)
            if self._open(leave):
                self._work(leave)
        self._status = self._now()
        return LanderReport(
            taken=self._received,
            landed=self._sealer.totals.rows,
            acknowledged=self._acknowledged,
            bytes=self._received_bytes,
            files=self._sealer.totals.files,
            seconds=time.monotonic() - self._began,
            storage_problem=self._status.storage_problem,
            broker_problem=self._status.broker_problem,
        )

    # Starting

    def _open(self, leave: contextlib.ExitStack) -> bool:
        """Take the lock and begin a start of our own, however long the disk makes us wait; False when told to stop."""
        lock = LanderLock(self._folder, self._name)
        leave.callback(lock.release)
        locked = False
        while True:
            try:
                if not locked:
                    lock.acquire()
                    locked = True
                    self._state.load(self._paths, self._name, self._log)
                start_ms = max(time.time_ns() // 1_000_000, self._state.now.start_ms + 1)
                self._state.change(start_ms=start_ms)
                self._state.save()
                with_leftovers = list_segments(self._folder)
                break
            except (StorageError, OSError) as error:
                self._start_trouble.begin(f"{error}; nothing is taken until that is mended")
                self._status = self._now()
                if self._over() or self._stop.wait(_START_RETRY_SECONDS):
                    return False
        self._start_trouble.end("the disk can be used")
        lander = self._settings.lander
        spool = Spool(
            self._folder, start_ms, max_bytes=lander.segment_max_bytes, seal_seconds=lander.seal_seconds
        )  # fmt: skip
        self._spool = spool
        self._committer = Committer(spool, self._state, MessageIds(self._name, start_ms), self._log)
        self._sealer.start()
        self._sealer.add(with_leftovers, recovered=True)
        return True

    # Working

    def _work(self, leave: contextlib.ExitStack) -> None:
        leave.callback(self._tell, at_once=True)
        leave.callback(self._sealer.close)
        leave.callback(lambda: self._sealer.add(self._spool.close()))
        if self._settings.mqtt.enabled:
            self._link = Link(self._settings.mqtt, self._state, self._log)
            leave.callback(self._link.close)
        assert self._committer is not None
        registry = RegistryWatch(self._settings.registry.file, self._state.now.registry_sha256, self._log)
        self._log.info("landing in %s", self._paths.landed)
        self._tell(at_once=True)  # what the last start left would be taken for ours
        while not self._over():
            self._turn(self._committer, registry)
        if self._intake is not None:
            self._intake.stop()
            while self._intake.running:
                self._turn(self._committer, registry)
        if not self._committer.commit(at_once=True) and self._committer.in_flight[0]:
            self._log.error(
                "%d messages could not be made durable; unacknowledged, the broker sends them again",
                self._committer.in_flight[0],
            )
        self._log.info("stopping: %d messages taken, sealing what is in the spool", self._received)

    def _turn(self, committer: Committer, registry: RegistryWatch) -> None:
        link = self._link
        connection = None
        if link is not None:
            link.keep(reading=not committer.blocked)
            connection = link.connection
        reading = not committer.blocked or (connection is not None and connection.news.accepted is None)
        if connection is None:
            self._wake.wait(_TURN_SECONDS)
        elif connection.wait(_TURN_SECONDS, reading=reading, wake=self._wake):
            self._read(connection, committer)
        if self._intake is not None:
            self._take(self._intake, committer)
        if not committer.blocked and (changed := registry.poll()) is not None:
            taken, sha256 = changed
            self._arrived(taken)
            committer.hold(taken, lambda _: self._registry_landed(registry, sha256))
        committer.commit()
        if self._intake is not None:
            self._intake.handover.closed = _DISK_TROUBLE if committer.blocked else None
        self._sealer.add(self._spool.due(now=time.time()))
        self._tell()

    def _read(self, connection: Connection, committer: Committer) -> None:
        bounds = self._settings.lander
        connection.read(
            messages=bounds.in_flight_messages,
            size=min(bounds.in_flight_bytes, _ARROW_BYTES),
            seconds=_READ_SECONDS,
        )
        if len(taken := connection.taken):
            connection.begin(taken.session)
            self._arrived(taken)
            committer.hold(taken, functools.partial(self._acknowledge, connection))

    def _take(self, intake: IntakeServer, committer: Committer) -> None:
        self._wake.heard()
        if (handed := intake.handover.take()) is None:
            return

        def refuse() -> None:
            intake.handover.closed = _DISK_TROUBLE
            handed.settle(durable=False)

        if committer.blocked:
            refuse()
        else:
            self._arrived(handed.taken)
            committer.hold(handed.taken, lambda _: handed.settle(durable=True), refused=refuse)

    def _acknowledge(self, connection: Connection, taken: Taken) -> None:
        """Acknowledge on the very connection the messages came by, or not at all: the next one sends them again."""
        packet_ids = taken.to_acknowledge()
        if connection.acknowledge(packet_ids):
            self._acknowledged += len(packet_ids)

    def _registry_landed(self, registry: RegistryWatch, sha256: str) -> None:
        self._state.change(registry_sha256=sha256)
        registry.landed(sha256)

    def _arrived(self, taken: Taken) -> None:
        self._received += len(taken)
        self._received_bytes += taken.size
        self._duplicates += taken.duplicates
        self._last_arrival = time.monotonic()
        self._last_message_at = datetime.fromtimestamp(taken.last_us / 1e6, UTC)

    def _over(self) -> bool:
        if self._stop.is_set() or (self._ends is not None and time.monotonic() >= self._ends):
            return True
        if self._until_idle is None or self._committer is None or self._committer.blocked:
            return False
        since = self._last_arrival
        if self._link is not None:
            if not self._link.up or self._link.subscribed_at is None:
                return False
            since = max(since, self._link.subscribed_at)
        return time.monotonic() - since >= self._until_idle

    # Telling

    def _tell(self, *, at_once: bool = False) -> None:
        """Write the status about once a second, and at once when something in it has turned."""
        link, totals = self._link, self._sealer.totals
        if totals.files != self._files_seen:
            self._files_seen, self._last_sealed_at = totals.files, datetime.now(UTC)
        told = (link is not None and link.up, self._storage_problem(), self._broker_problem(), totals.files)
        if not at_once and told == self._told and time.monotonic() < self._status_at:
            return
        self._told, self._status_at = told, time.monotonic() + _STATUS_SECONDS
        self._status = self._now()
        write_status(self._folder, self._status)

    def _storage_problem(self) -> str | None:
        committer = self._committer.trouble.sentence if self._committer is not None else None
        return committer or self._start_trouble.sentence or self._sealer.trouble.sentence

    def _broker_problem(self) -> str | None:
        return self._link.trouble.sentence if self._link is not None else None

    def _now(self) -> LanderStatus:
        link, committer, totals = self._link, self._committer, self._sealer.totals
        in_flight, in_flight_bytes = committer.in_flight if committer is not None else (0, 0)
        mqtt = self._settings.mqtt
        return LanderStatus(
            lander=self._name,
            mode=self._mode,
            pid=os.getpid(),
            started_at=self._started_at,
            updated_at=datetime.now(UTC),
            connected=link is not None and link.up,
            reading=committer is not None and not committer.blocked,
            broker=f"{mqtt.host}:{mqtt.port}" if mqtt.enabled else "",
            protocol=link.protocol if link is not None else "",
            session=self._state.now.session,
            session_lost=self._state.now.session_lost,
            received_messages=self._received,
            received_bytes=self._received_bytes,
            duplicates=self._duplicates,
            durable_messages=committer.durable_messages if committer is not None else 0,
            acknowledged_messages=self._acknowledged,
            landed_messages=totals.rows,
            landed_bytes=totals.bytes,
            files_sealed=totals.files,
            segments_waiting=totals.waiting,
            in_flight_messages=in_flight,
            in_flight_bytes=in_flight_bytes,
            commits=committer.commits if committer is not None else 0,
            commit_seconds=committer.seconds if committer is not None else 0.0,
            last_message_at=self._last_message_at,
            last_sealed_at=self._last_sealed_at,
            storage_problem=self._storage_problem(),
            broker_problem=self._broker_problem(),
            http=self._intake.address if self._intake is not None else "",
            http_accepted=self._intake.intake.accepted if self._intake is not None else 0,
            http_refused=self._intake.intake.refused if self._intake is not None else 0,
            dropped_by_broker=link.drops if link is not None else None,
            dropped_by_broker_before=link.drops_before if link is not None else None,
            segments_damaged=self._sealer.set_aside,
        )
