"""Loading someone's history: records of files take the same way as messages of a broker, by a spool of their own.

Belongs here: the identity under which a file is loaded, how much of it has landed already, the spool. Does not: reading
files of this or that format, choosing records (``cli/load.py``).

The lander's name is made from the file's content, so loading a file again goes on where the last attempt ended: as many
records as have landed under that name are skipped. A killed load leaves segments that the next one lands first.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import pyarrow.parquet as pq

from iot_assets.errors import StorageError
from iot_assets.lake.landed import FOOTER_FIRST, FOOTER_LAST
from iot_assets.lake.message_id import MessageIds
from iot_assets.lake.paths import DataPaths, list_landed
from iot_assets.landing.durable import storing
from iot_assets.landing.lock import LanderLock
from iot_assets.landing.sealer import Sealer
from iot_assets.landing.segment import Spool, list_segments
from iot_assets.landing.state import StateFile
from iot_assets.landing.taken import Taken

_log = logging.getLogger(__name__)
_SEGMENT_BYTES: Final = 64 << 20
_READ: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Loading:
    """One load under way: ``done`` records had landed before, ``add`` makes more durable."""

    done: int
    add: Callable[[Iterable[bytes]], int]


def identity(file: Path, *choice: object) -> str:
    """The lander name under which records of this content are loaded: the same whenever, and wherever it lies.

    Args:
        file: the file.
        choice: what else decides which records are landed, and as what: the topic, the window.

    Raises:
        StorageError: the file cannot be read.
    """
    digest = hashlib.sha256(repr(choice).encode())
    with storing("read", file), file.open("rb") as content:
        while piece := content.read(_READ):
            digest.update(piece)
    return f"load.{digest.hexdigest()[:16]}"


@contextmanager
def loading(paths: DataPaths, lander: str, topic: str) -> Iterator[Loading]:
    """Everything added is landed when the block ends; after a kill, what was added is landed by the next attempt.

    Raises:
        InUseError: the same file is being loaded by another process.
        StorageError: the disk does not take it; call again, nothing is lost or doubled.
    """
    folder = paths.spool(lander)
    lock = LanderLock(folder, lander)
    lock.acquire()
    try:
        state = StateFile(folder)
        state.load(paths, lander, _log)
        leftovers = Sealer(paths, lander, _log)
        leftovers.start()
        leftovers.add(list_segments(folder), recovered=True)
        leftovers.close()
        if leftovers.totals.waiting:
            # How much has landed could not be told, and going on would land those records twice.
            unlanded = list_segments(folder)[0].path
            raise StorageError(
                "land what an earlier load left in", unlanded, OSError(leftovers.trouble.sentence or "?")
            )
        start_ms = max(time.time_ns() // 1_000_000, state.now.start_ms + 1)
        state.change(start_ms=start_ms, session=state.now.session + 1)
        state.save()
        done = landed_rows(paths, lander)
        spool = Spool(folder, start_ms, max_bytes=_SEGMENT_BYTES, seal_seconds=3600)
        sealer = Sealer(paths, lander, _log)
        sealer.start()
        try:
            yield Loading(done, _Adder(spool, sealer, MessageIds(lander, start_ms), topic, state.now.session).add)
        finally:
            sealer.add(spool.close())
            sealer.close()
    finally:
        lock.release()


def landed_rows(paths: DataPaths, lander: str) -> int:
    """How many messages of this lander lie in the lake; those of files that were joined, and lie there yet, once."""
    spans = []
    for file in list_landed(paths):
        if file.lander == lander:
            found = pq.read_metadata(paths.lake / file.path)
            spans.append((*(UUID(found.metadata[key].decode()) for key in (FOOTER_FIRST, FOOTER_LAST)), found.num_rows))
    rows, seen = 0, None
    for first, last, count in sorted(spans, key=lambda span: (span[0], -span[2])):
        if seen is None or first > seen:
            rows, seen = rows + count, last
    return rows


class _Adder:
    def __init__(self, spool: Spool, sealer: Sealer, ids: MessageIds, topic: str, session: int) -> None:
        self._spool, self._sealer, self._ids, self._under, self._session = spool, sealer, ids, topic, session
        self._sequence = 0

    def add(self, payloads: Iterable[bytes]) -> int:
        """Make records durable; how many they were.

        Raises:
            StorageError: none of them is durable.
        """
        taken = Taken(source=f"load:{self._under}", session=self._session)
        now = time.time_ns() // 1000
        for payload in payloads:
            taken.add(self._under, payload, received_us=now)
        if len(taken):
            self._spool.append(taken.batch(self._ids, self._sequence), now=time.time())
            self._sequence += len(taken)
            self._sealer.add(self._spool.due(now=time.time()))
        return len(taken)
