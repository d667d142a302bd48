"""Where unpublished messages lie, and reading of them only what is new.

A segment of a lander's spool and the landed file that it is sealed to hold the same messages in the same order, and the
one's name follows from the other's: so a segment is read on where it was left, wherever it lies by then. Belongs here:
listing and reading. Does not: which segments are published, what messages mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq

from iot_assets.errors import CorruptFileError
from iot_assets.lake.landed import FOOTER_LAST, LANDED_SCHEMA
from iot_assets.lake.paths import DataPaths, LandedFile, landed_days, list_landed, name_of
from iot_assets.landing.frames import HeaderError, SegmentReader
from iot_assets.landing.segment import list_segments
from iot_assets.warehouse.bronze import read_landed


class Segment(NamedTuple):
    """What one segment is called, in the spool and in the lake; those of one lander sort in the order of arrival."""

    lander: str
    start_ms: int
    number: int


class ChangedError(Exception):
    """A segment no longer begins with what was read of it: a lander has cut back what its disk did not take."""


@dataclass(slots=True)
class Reading:
    """How far a segment has been read: so many messages up to ``last``, and in the spool so many bytes."""

    messages: int = 0
    last: UUID | None = None
    offset: int = 0
    ended: bool = False
    """All of it has been read: it is sealed, or damaged."""


def segment_of(path: str) -> Segment | None:
    """The segment that a landed file was sealed from, by its path below the lake; None where it is no landed file."""
    return Segment(*found) if (found := name_of(path)) is not None else None


def in_spool(paths: DataPaths) -> dict[Segment, Path]:
    """The segments in the spools of this machine."""
    found: dict[Segment, Path] = {}
    for spool in _folders(paths.spools):
        for file in list_segments(spool):
            found[Segment(spool.name, file.start_ms, file.segment)] = file.path
    return found


def in_lake(paths: DataPaths, *, recent: bool) -> dict[Segment, Path]:
    """The landed files, or only those in the folders of the lake's last two days.

    Files joined from others are left out: what is in them was published before they were made.
    """
    days = landed_days(paths)[-2:] if recent else None
    return {_segment(file): paths.lake / file.path for file in list_landed(paths, days=days) if not file.joined}


def read_on(path: Path, reading: Reading) -> pa.Table | None:
    """The messages behind what was read already, in the order of arrival; ``reading`` is moved behind them.

    Returns None where there is nothing new, or the file is gone and will be met where it went to.

    Raises:
        ChangedError: what was read is no longer what is there.
    """
    try:
        return _read_spool(path, reading) if path.suffix == ".spool" else _read_landed(path, reading)
    except (FileNotFoundError, HeaderError):
        return None
    except CorruptFileError:
        reading.ended = True  # a run sets it aside and says so
        return None


def _read_spool(path: Path, reading: Reading) -> pa.Table | None:
    with path.open("rb") as file:
        frames = SegmentReader(file)
        if reading.offset > path.stat().st_size:
            raise ChangedError
        if reading.offset:
            file.seek(reading.offset)
        batches = []
        # What ends within a frame is being written, or is what a crash has left: it is looked at again the next time.
        for batch in frames:
            batches.append(batch)
            reading.offset = file.tell()
            reading.messages += batch.num_rows
            reading.last = batch.column("message_id")[-1].as_py()
    return pa.Table.from_batches(batches, LANDED_SCHEMA) if batches else None


def _read_landed(path: Path, reading: Reading) -> pa.Table | None:
    known = pq.read_metadata(path)
    last = (known.metadata or {}).get(FOOTER_LAST, b"").decode()
    if known.num_rows == reading.messages and last == str(reading.last):
        reading.ended = True
        return None
    table = read_landed(path)
    ids = table.column("message_id")
    if reading.messages and (len(ids) < reading.messages or ids[reading.messages - 1].as_py() != reading.last):
        raise ChangedError
    new = table.slice(reading.messages)
    reading.messages, reading.ended = len(ids), True
    return new if len(new) else None


def rows_in(path: Path) -> int:
    """How many messages a landed file holds; none where it cannot be read."""
    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowException):
        return 0


def _segment(file: LandedFile) -> Segment:
    return Segment(file.lander, file.start_ms, file.segment)


def _folders(path: Path) -> Iterator[Path]:
    try:
        yield from sorted(folder for folder in path.iterdir() if folder.is_dir())
    except FileNotFoundError:
        return
