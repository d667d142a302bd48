"""The helper thread that seals closed segments one after the other, so that reading from the broker never waits for it.

Belongs here: order, trying again, setting aside what cannot be read. Does not: the Parquet file (``seal.py``).
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from iot_assets.errors import CorruptFileError, StorageError
from iot_assets.lake.landed import LANDED_SCHEMA
from iot_assets.landing.durable import make_folder, storing, sync_folder
from iot_assets.landing.frames import header
from iot_assets.landing.seal import Sealed, seal
from iot_assets.landing.trouble import Trouble

if TYPE_CHECKING:
    import logging

    from iot_assets.lake.paths import DataPaths
    from iot_assets.landing.segment import SegmentFile

_RETRY_SECONDS: Final = 1.0
DAMAGED: Final = "damaged"
"""The folder, below the spool, of segments that could not be read whole. Nothing is ever deleted from it."""


@dataclass(frozen=True, slots=True)
class SealTotals:
    """What has been sealed in this start."""

    files: int = 0
    rows: int = 0
    bytes: int = 0
    newest_received_at: datetime | None = None
    """When the newest landed message was received."""
    waiting: int = 0
    """Segments closed and not yet sealed."""


class Sealer:
    """Seals in a thread of its own between ``start`` and ``close``."""

    def __init__(self, paths: DataPaths, lander: str, log: logging.Logger) -> None:
        self._paths, self._lander, self._log = paths, lander, log
        self._queue: queue.SimpleQueue[tuple[SegmentFile, bool] | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._totals = SealTotals()
        self.trouble = Trouble(log)
        self._thread = threading.Thread(target=self._run, name=f"seal-{lander}", daemon=True)

    @property
    def totals(self) -> SealTotals:
        """The figures of this moment."""
        return self._totals

    @property
    def set_aside(self) -> int:
        """Segments that could not be read whole and are kept until a person deletes them; of earlier starts, too."""
        return sum(1 for _ in (self._paths.spool(self._lander) / DAMAGED).glob("*.spool"))

    def start(self) -> None:
        """Begin sealing what is handed in."""
        self._thread.start()

    def add(self, segments: Iterable[SegmentFile], *, recovered: bool = False) -> None:
        """Hand in closed segments; ``recovered`` ones are of an earlier start, and the log tells what was in them."""
        for segment in segments:
            with self._lock:
                self._totals = replace(self._totals, waiting=self._totals.waiting + 1)
            self._queue.put((segment, recovered))

    def close(self) -> None:
        """Seal what was handed in, and end the thread. What fails now stays in the spool for the next start."""
        self._closing.set()
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()
        if left := self._totals.waiting:
            self._log.warning("%d segments stay in the spool; the next start lands them", left)

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            segment, recovered = item
            while not self._tried(segment, recovered=recovered):
                if self._closing.wait(_RETRY_SECONDS):
                    # One more attempt after the waiting has ended, then it is left to the next start.
                    if self._tried(segment, recovered=recovered):
                        break
                    return

    def _tried(self, segment: SegmentFile, *, recovered: bool) -> bool:
        """Whether the segment is done with, one way or the other."""
        try:
            try:
                self._one(segment, recovered=recovered)
            except MemoryError as error:
                self.trouble.begin(f"there is not enough memory to land {segment.path}: {error}", "memory")
                return False
            except CorruptFileError as error:
                self._corrupt(segment, str(error))
            except StorageError:
                raise
            except Exception as error:  # noqa: BLE001
                # A fault of ours must neither end the thread nor keep the segments behind this one from being landed.
                self._corrupt(segment, f"{segment.path} cannot be landed: {error!r}")
        except StorageError as error:
            if isinstance(error.cause, FileNotFoundError) and not segment.path.exists():
                self._log.error("%s IS GONE: somebody else has taken it away before it was landed", segment.path)
                self._count(Sealed(None, 0, 0, (), None, None))
                return True
            self.trouble.begin(f"{error}; the messages are safe in the spool", (error.doing, error.cause.errno))
            return False
        self.trouble.end("landing works again")
        return True

    def _one(self, segment: SegmentFile, *, recovered: bool) -> None:
        sealed = seal(segment, self._paths, self._lander)
        damaged = [lost for lost in sealed.lost if lost.kind == "damaged"]
        torn = sum(lost.bytes for lost in sealed.lost if lost.kind == "torn")
        if damaged:
            kept = self._set_aside(segment.path)
            self._log.error(
                "%s IS DAMAGED: %d bytes in %d places hold no sound frame; its other %d messages are landed, and the"
                " segment is kept as %s",
                segment.path, sum(lost.bytes for lost in damaged), len(damaged), sealed.rows, kept,
            )  # fmt: skip
        else:
            with storing("delete", segment.path):
                segment.path.unlink(missing_ok=True)
        if recovered:
            self._log.info(
                "recovered %d messages from %s, of an earlier start; %d bytes of an unfinished append were cut off",
                sealed.rows, segment.path.name, torn,
            )  # fmt: skip
        self._count(sealed)

    def _corrupt(self, segment: SegmentFile, why: str) -> None:
        with storing("read", segment.path):
            size = segment.path.stat().st_size
        if size <= len(header(LANDED_SCHEMA)):
            # Shorter than a header with one frame: a crash came before anything in it could be acknowledged.
            self._log.info("%s was begun and never written to; it is removed", segment.path.name)
            with storing("delete", segment.path):
                segment.path.unlink(missing_ok=True)
        else:
            kept = self._set_aside(segment.path)
            self._log.error("%s; NOTHING IN IT COULD BE LANDED, it is kept as %s", why, kept)
        self._count(Sealed(None, 0, 0, (), None, None))

    def _set_aside(self, path: Path) -> Path:
        folder = path.parent / DAMAGED
        with storing("set aside", path):
            make_folder(folder, below=path.parent)
            kept = folder / path.name
            with contextlib.suppress(FileNotFoundError):
                path.replace(kept)
            sync_folder(folder)
            sync_folder(path.parent)
        return kept

    def _count(self, sealed: Sealed) -> None:
        with self._lock:
            before = self._totals
            self._totals = replace(
                before,
                files=before.files + (sealed.path is not None),
                rows=before.rows + sealed.rows,
                bytes=before.bytes + sealed.bytes,
                newest_received_at=sealed.last_received_at or before.newest_received_at,
                waiting=before.waiting - 1,
            )
        if sealed.path is not None:
            self._log.debug("landed %d messages in %s", sealed.rows, sealed.path)
