"""The spool's file format: a header that carries the schema, then one frame a commit.

Layout, little-endian::

    header  8 B magic · 2 B version · 4 B length of the schema · 4 B CRC-32 of these and the schema · schema
    frame   4 B magic · 4 B length · 4 B CRC-32 of the body · 4 B CRC-32 of the twelve bytes before · body

A schema is an Arrow IPC schema message, a body an Arrow IPC record batch. The frame's head has a CRC of its own, so
that its length can be believed: a frame whose head is sound and whose body is short was cut off by a crash, before
anything of it was acknowledged; whatever else does not fit is damage.

Belongs here: bytes to batches and back, and telling a torn tail from damage. Does not: files being written
(``segment.py``), Parquet (``seal.py``).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, Literal

import pyarrow as pa

_MAGIC: Final = b"IOTSPOOL"
_VERSION: Final = 1
_HEADER: Final = struct.Struct("<8sHII")
_FRAME_MAGIC: Final = b"FRM\xa7"
_HEAD: Final = struct.Struct("<4sIII")


class HeaderError(Exception):
    """The segment does not begin as one: not even its schema can be known."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Bytes of a segment that hold no sound frame."""

    offset: int
    bytes: int
    kind: Literal["torn", "damaged"]
    """``torn``: the end of an append that a crash interrupted. ``damaged``: bytes that have changed since."""


def header(schema: pa.Schema) -> bytes:
    """The bytes a segment begins with."""
    body: bytes = schema.serialize().to_pybytes()
    crc = zlib.crc32(_HEADER.pack(_MAGIC, _VERSION, len(body), 0) + body)
    return _HEADER.pack(_MAGIC, _VERSION, len(body), crc) + body


def encode(batch: pa.RecordBatch) -> list[bytes | memoryview]:
    """One frame, in pieces to be written one behind the other."""
    body = memoryview(batch.serialize())
    head = _HEAD.pack(_FRAME_MAGIC, len(body), zlib.crc32(body), 0)[:12]
    return [head + struct.pack("<I", zlib.crc32(head)), body]


class SegmentReader:
    """Reads a segment once from front to back; afterwards ``lost`` and ``crc`` tell what was found.

    Raises:
        HeaderError: the header is unsound. ``short`` tells whether the file ends within it.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.lost: list[Lost] = []
        self.crc = 0
        self.schema = self._header()

    def _header(self) -> pa.Schema:
        fixed = self._file.read(_HEADER.size)
        if len(fixed) < _HEADER.size:
            raise HeaderError("it ends within its header")
        magic, version, length, crc = _HEADER.unpack(fixed)
        if magic != _MAGIC:
            raise HeaderError("it does not begin as a segment of the spool does")
        body = self._file.read(length)
        if len(body) < length:
            raise HeaderError("it ends within its header")
        if zlib.crc32(_HEADER.pack(magic, version, length, 0) + body) != crc:
            raise HeaderError("the checksum of its header does not fit")
        if version != _VERSION:
            raise HeaderError(f"its format has version {version}, this program knows version {_VERSION}")
        self.crc = zlib.crc32(fixed + body)
        return pa.ipc.read_schema(pa.py_buffer(body))

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        while True:
            offset = self._file.tell()
            head = self._file.read(_HEAD.size)
            if not head:
                return
            length = _body_length(head)
            body = self._file.read(length) if length is not None else b""
            if length is not None and len(body) == length and zlib.crc32(body) == _HEAD.unpack(head)[2]:
                self.crc = zlib.crc32(body, zlib.crc32(head, self.crc))
                yield pa.ipc.read_record_batch(pa.py_buffer(body), self.schema)
            elif not self._skip(offset):
                return

    def _skip(self, offset: int) -> bool:
        """Note the bad bytes at an offset and go to the next sound frame; False where there is none."""
        self._file.seek(offset)
        rest = self._file.read()
        at = rest.find(_FRAME_MAGIC, 1)
        while at != -1:
            if _sound_at(rest, at):
                self.lost.append(Lost(offset, at, "damaged"))
                self._file.seek(offset + at)
                return True
            at = rest.find(_FRAME_MAGIC, at + 1)
        self.lost.append(Lost(offset, len(rest), "torn" if _is_torn(rest) else "damaged"))
        return False


def _body_length(head: bytes) -> int | None:
    """The length a frame's head tells, or None when the head is unsound."""
    if len(head) < _HEAD.size:
        return None
    magic, length, _, crc = _HEAD.unpack(head)
    return int(length) if magic == _FRAME_MAGIC and zlib.crc32(head[:12]) == crc else None


def _sound_at(data: bytes, at: int) -> bool:
    length = _body_length(data[at : at + _HEAD.size])
    if length is None or at + _HEAD.size + length > len(data):
        return False
    body = memoryview(data)[at + _HEAD.size : at + _HEAD.size + length]
    crc: int = _HEAD.unpack_from(data, at)[2]
    return zlib.crc32(body) == crc


def _is_torn(rest: bytes) -> bool:
    """Whether bytes at the end are what an interrupted append leaves: a frame's beginning, or blocks never written."""
    if not rest.strip(b"\0"):
        return True
    if len(rest) < _HEAD.size:
        return rest[:4] == _FRAME_MAGIC[: len(rest)]
    length = _body_length(rest[: _HEAD.size])
    return length is not None and len(rest) < _HEAD.size + length
