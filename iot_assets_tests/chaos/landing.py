"""The lander's durable parts, put together as its loop does it but turned by hand, so that a seed gives one course.

State file, committer, spool and sealer are the real ones; what stands in for a broker is a list of messages that are
acknowledged when the committer says so. Belongs here: starting, turning, ending, what has landed. Does not: faults.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from iot_assets.errors import StorageError
from iot_assets.lake.message_id import MessageIds
from iot_assets.lake.paths import DataPaths, list_landed
from iot_assets.landing.commit import Committer
from iot_assets.landing.durable import make_folder
from iot_assets.landing.sealer import Sealer
from iot_assets.landing.segment import SegmentFile, Spool, list_segments
from iot_assets.landing.state import StateFile
from iot_assets.landing.taken import Taken
from iot_assets.warehouse.bronze import read_landed
from iot_assets_tests.chaos.world import TOPIC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

NAME: Final = "lander"
#: No fault here lasts for so many turns.
_TURNS: Final = 500
_LATER: Final = 10_000.0


class Heard(logging.Handler):
    """What was logged."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def said(self, text: str, level: int = logging.DEBUG) -> list[str]:
        """The sentences of this level or above that hold a text."""
        return [m for r in self.records if r.levelno >= level and text in (m := r.getMessage())]


class Landing:
    """One start of a lander in a data folder."""

    def __init__(self, data: Path) -> None:
        self.paths = DataPaths(data)
        self.heard = Heard()
        log = logging.Logger("chaos", logging.DEBUG)  # noqa: LOG001 - of this start alone, and not to be kept
        log.addHandler(self.heard)
        folder = self.paths.spool(NAME)
        self.state = StateFile(folder)

        def begin() -> list[SegmentFile]:
            make_folder(folder, below=data)
            self.state.load(self.paths, NAME, log)
            self.state.change(start_ms=max(time.time_ns() // 1_000_000, self.state.now.start_ms + 1))
            self.state.save()
            return list_segments(folder)

        left = _insist(begin)
        self._spool = Spool(folder, self.state.now.start_ms, max_bytes=20_000, seal_seconds=60)
        self._committer = Committer(self._spool, self.state, MessageIds(NAME, self.state.now.start_ms), log)
        self._sealer = Sealer(self.paths, NAME, log)
        self._waiting = [(segment, True) for segment in left]

    @property
    def set_aside(self) -> int:
        """What the status says of segments kept aside."""
        return self._sealer.set_aside

    def take(self, payloads: Iterable[bytes], acknowledge: Callable[[list[bytes]], None]) -> None:
        """Take messages of the connection that the state names."""
        taken = Taken("mqtt:chaos", self.state.now.session)
        held = list(payloads)
        for number, payload in enumerate(held):
            taken.add(TOPIC, payload, received_us=time.time_ns() // 1000, qos=1, packet_id=number + 1)
        self._committer.hold(taken, lambda _: acknowledge(held))

    def connect(self) -> None:
        """Another connection, with an epoch of its own."""
        self.state.change(session=self.state.now.session + 1)

    def turn(self, *, seal: bool) -> bool:
        """Commit, and seal what is due; whether nothing is left to do."""
        done = self._committer.commit(at_once=True)
        self._waiting += [(s, False) for s in self._spool.due(now=time.time() + (_LATER if seal else 0))]
        while self._waiting:
            segment, recovered = self._waiting[0]
            if not self._sealer._tried(segment, recovered=recovered):
                return False
            del self._waiting[0]
        return done

    def settle(self, *, seal: bool) -> None:
        """Turn until nothing is left to do."""
        for _ in range(_TURNS):
            if self.turn(seal=seal):
                return
        raise AssertionError("it does not recover by itself")

    def end(self) -> None:
        """A good end: all is sealed."""
        self.settle(seal=True)
        self._waiting += [(segment, False) for segment in self._spool.close()]
        self.settle(seal=False)


def _insist(begin: Callable[[], Any]) -> Any:
    for _ in range(_TURNS):
        try:
            return begin()
        except (StorageError, OSError):
            continue
    raise AssertionError("it does not start by itself")


class Landed:
    """All that a lake holds, each file proven whole."""

    def __init__(self, data: Path) -> None:
        paths = DataPaths(data)
        self.rows = [r for f in list_landed(paths) for r in read_landed(paths.lake / f.path).to_pylist()]
        self.payloads = Counter(row["payload"] for row in self.rows)
        self.ids = Counter(row["message_id"] for row in self.rows)
        self.session = max((row["session"] for row in self.rows), default=0)
        self.left = sorted(path.name for path in paths.spool(NAME).glob("*.spool")) if paths.spools.exists() else []
        self.temporary = sorted(path.name for path in paths.lake.rglob("*.tmp")) if paths.lake.exists() else []
