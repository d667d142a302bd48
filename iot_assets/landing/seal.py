"""Sealing: one closed segment of the spool becomes one Parquet file of the lake, and only then is deleted.

Belongs here: the Parquet file's layout, its footer, the order in which it becomes visible. Does not: when segments are
sealed and by whom (``sealer.py``), the schema and the path (``lake``).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from iot_assets.errors import CorruptFileError
from iot_assets.lake.landed import (
    FOOTER_CRC,
    FOOTER_FIRST,
    FOOTER_LAST,
    FOOTER_ROWS,
    FOOTER_VERSION,
    LANDED_SCHEMA,
    WRITING,
)
from iot_assets.landing.durable import make_folder, storing, sync_folder
from iot_assets.landing.frames import HeaderError, Lost, SegmentReader

if TYPE_CHECKING:
    from uuid import UUID

    from iot_assets.lake.paths import DataPaths
    from iot_assets.landing.segment import SegmentFile

_ROW_GROUP: Final = 122_880  # at least so many rows, what DuckDB makes its own of
_GATHER_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sealed:
    """What became of a segment."""

    path: Path | None
    """The landed file, or None where the segment held no message."""
    rows: int
    bytes: int
    """Payload bytes."""
    lost: tuple[Lost, ...]
    first_received_at: datetime | None
    last_received_at: datetime | None


def seal(segment: SegmentFile, paths: DataPaths, lander: str) -> Sealed:
    """Write the segment's Parquet file, durably. The segment itself stays; sealing twice gives the same file.

    Raises:
        StorageError: it cannot be written now; try again.
        CorruptFileError: it is no segment at all.
    """
    with storing("read", segment.path), segment.path.open("rb") as file:
        try:
            reader = SegmentReader(file)
        except HeaderError as error:
            raise CorruptFileError(segment.path, str(error)) from error
        groups = _row_groups(reader)
        first = next(groups, None)
        if first is None:
            return Sealed(None, 0, 0, tuple(reader.lost), None, None)
        first_at = first["received_at"][0].as_py()
        target = paths.landed_file(lander, segment.start_ms, segment.segment, first_at)
        return _write(target, paths.root, first, groups, reader)


def _row_groups(reader: SegmentReader) -> Iterator[pa.Table]:
    """The frames, gathered to tables of a good size for a row group; memory stays bounded."""
    batches: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in reader:
        batches.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= _ROW_GROUP or size >= _GATHER_BYTES:
            yield pa.Table.from_batches(batches)
            batches, rows, size = [], 0, 0
    if batches:
        yield pa.Table.from_batches(batches)


def _write(target: Path, below: Path, first: pa.Table, others: Iterator[pa.Table], reader: SegmentReader) -> Sealed:
    temporary = target.with_name(f"{target.name}.tmp")
    with storing("land", target):
        make_folder(target.parent, below=below)
        try:
            with temporary.open("wb") as file:
                rows, size, last = _write_parquet(file, first, others, reader)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        sync_folder(target.parent)
    return Sealed(target, rows, size, tuple(reader.lost), first["received_at"][0].as_py(), last)


def _write_parquet(
    file: BinaryIO, table: pa.Table, others: Iterator[pa.Table], reader: SegmentReader
) -> tuple[int, int, datetime]:
    first_id, rows, size = _id(table, 0), 0, 0
    with pq.ParquetWriter(file, LANDED_SCHEMA, sorting_columns=[pq.SortingColumn(0)], **WRITING) as writer:
        while True:
            writer.write_table(table.select(LANDED_SCHEMA.names).combine_chunks(), row_group_size=table.num_rows)
            rows, size = rows + table.num_rows, size + _payload_bytes(table)
            if (following := next(others, None)) is None:
                break
            table = following
        footer = {
            FOOTER_ROWS: str(rows),
            FOOTER_FIRST: first_id,
            FOOTER_LAST: _id(table, table.num_rows - 1),
            FOOTER_CRC: f"{reader.crc:08x}",
            FOOTER_VERSION: version("iot-assets"),
        }
        writer.add_key_value_metadata(footer)
    last: datetime = table["received_at"][-1].as_py()
    return rows, size, last


def _id(table: pa.Table, row: int) -> str:
    value: UUID = table["message_id"][row].as_py()
    return str(value)


def _payload_bytes(table: pa.Table) -> int:
    return int(pc.sum(pc.binary_length(table["payload"])).as_py() or 0)
