"""The open end of the spool: the segment that frames are appended to, each made durable before anyone hears of it.

Belongs here: appending, cutting back what is in doubt, when a segment is due to be sealed. Does not: the format
(``frames.py``), what becomes of a closed segment (``sealer.py``).
"""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from iot_assets.lake.landed import LANDED_SCHEMA
from iot_assets.landing.durable import storing, sync_data, sync_folder, write_all
from iot_assets.landing.frames import encode, header

if TYPE_CHECKING:
    import pyarrow as pa

_NAME = re.compile(r"(?P<start>\d{13,})-(?P<segment>\d{6,})\.spool")


@dataclass(frozen=True, slots=True, order=True)
class SegmentFile:
    """A closed segment and what its name says; segments sort in the order they were written."""

    start_ms: int
    segment: int
    path: Path


def list_segments(folder: Path) -> list[SegmentFile]:
    """The segments in a spool folder, oldest first."""
    found = ((_NAME.fullmatch(path.name), path) for path in folder.iterdir())
    return sorted(SegmentFile(int(m["start"]), int(m["segment"]), path) for m, path in found if m is not None)


class Spool:
    """The segments of one start of one lander. Only its own thread may use it.

    After a failed ``append`` the file may hold anything behind the last durable byte. Nothing else is written before
    that has been cut off and the cut made durable; where it was the fsync that failed, the segment is closed and a new
    one begun, because a system that could not write its pages may call them clean the next time it is asked.
    """

    def __init__(self, folder: Path, start_ms: int, *, max_bytes: int, seal_seconds: int) -> None:
        self._folder, self._start_ms = folder, start_ms
        self._max_bytes, self._seal_seconds = max_bytes, seal_seconds
        self._next = 0
        self._file: _OpenFile | None = None
        self._closed: list[SegmentFile] = []

    def append(self, batch: pa.RecordBatch, *, now: float) -> None:
        """Make a batch durable.

        Args:
            batch: rows of the landed schema.
            now: the wall clock, which decides when the segment is sealed.

        Raises:
            StorageError: it is not durable, and nothing may be acknowledged; call again with the same batch.
        """
        self._mend()
        if self._file is None:
            self._file = self._begin(now)
        file = self._file
        with storing("append to", file.path):
            file.append(encode(batch))
        if file.size >= self._max_bytes:
            self._close()

    def probe(self, size: int, *, now: float) -> None:
        """See whether so many bytes could be made durable; nothing of it stays.

        Raises:
            StorageError: they could not.
        """
        self._mend()
        if self._file is None:
            self._file = self._begin(now)
        with storing("append to", self._file.path):
            self._file.probe(size)

    def due(self, *, now: float) -> list[SegmentFile]:
        """The segments that are ready to be sealed, each handed out once."""
        file = self._file
        # Another number, not a greater one: a clock set back must not keep a segment open for hours.
        if file is not None and file.rows and not file.in_doubt and file.period != self._period(now):
            self._close()
        closed, self._closed = self._closed, []
        return closed

    def close(self) -> list[SegmentFile]:
        """Append no more; the segments not yet handed out. What is in doubt is left to the next start to cut."""
        if self._file is not None:
            self._close()
        closed, self._closed = self._closed, []
        return closed

    def _period(self, now: float) -> int:
        return int(now // self._seal_seconds)

    def _mend(self) -> None:
        file = self._file
        if file is None or not file.in_doubt:
            return
        with storing("cut back", file.path):
            file.cut_back()
        if file.unsynced or not file.rows:
            self._close()

    def _begin(self, now: float) -> _OpenFile:
        path = self._folder / f"{self._start_ms}-{self._next:06d}.spool"
        with storing("begin", path):
            file = _OpenFile(path, self._period(now))
            try:
                file.append([header(LANDED_SCHEMA)], rows=False)
                sync_folder(self._folder)
            except OSError:
                file.close()
                # What is left when even this fails is shorter than a header: the next start clears it away.
                with contextlib.suppress(OSError):
                    path.unlink()
                raise
        self._next += 1
        return file

    def _close(self) -> None:
        assert self._file is not None
        file, self._file = self._file, None
        file.close()
        if file.rows:
            self._closed.append(SegmentFile(self._start_ms, self._next - 1, file.path))
        else:
            with contextlib.suppress(OSError):
                file.path.unlink()


class _OpenFile:
    def __init__(self, path: Path, period: int) -> None:
        self.path, self.period = path, period
        self.size = 0
        """Bytes that are durable."""
        self.rows = False
        """Whether there is a frame among them."""
        self.in_doubt = False
        self.unsynced = False
        """Whether an fsync of this file has ever failed."""
        # Truncating what a failed attempt of this very name may have left.
        self._descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o644)

    def append(self, pieces: list[bytes | memoryview], *, rows: bool = True) -> None:
        self.in_doubt = True
        end = write_all(self._descriptor, pieces, self.size)
        try:
            sync_data(self._descriptor)
        except OSError:
            self.unsynced = True
            raise
        self.size, self.in_doubt = end, False
        self.rows = self.rows or rows

    def probe(self, size: int) -> None:
        # Zeros: should we be killed before they are cut off, the next start takes them for blocks never written.
        durable = self.size
        try:
            self.append([bytes(size)], rows=False)
        finally:
            self.size, self.in_doubt = durable, True
        self.cut_back()

    def cut_back(self) -> None:
        os.ftruncate(self._descriptor, self.size)
        os.fsync(self._descriptor)
        self.in_doubt = False

    def close(self) -> None:
        os.close(self._descriptor)
