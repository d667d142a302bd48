"""Message identity: a sortable UUID, unique for ever, whose order within a lander's start is the order of arrival.

Layout (RFC 9562 version 8, free form)::

    48 bit  start of the lander, milliseconds since 1970
     4 bit  version, 8
    12 bit  identity of the lander, upper part
     2 bit  variant, binary 10
    14 bit  identity of the lander, lower part
    48 bit  sequence within this start, from 0

Consecutive ids differ in the last bytes only, which Parquet stores in less than a byte a row.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from dataclasses import dataclass
from uuid import UUID

import pyarrow as pa

_SEQUENCE_BITS = 48


@dataclass(frozen=True, slots=True)
class MessageIds:
    """Ids of one start of one lander."""

    lander: str
    start_ms: int

    def _prefix(self) -> int:
        identity = zlib.crc32(self.lander.encode()) & 0x3FF_FFFF
        high = (self.start_ms << 16) | (8 << 12) | (identity >> 14)
        low = (0b10 << 14) | (identity & 0x3FFF)
        return (high << 16) | low

    def one(self, sequence: int) -> UUID:
        """The id of the message with this sequence number."""
        return UUID(int=(self._prefix() << _SEQUENCE_BITS) | sequence)

    def column(self, first: int, count: int) -> pa.Array:
        """Ids of ``count`` messages from sequence ``first``, as an Arrow UUID column."""
        # An id is two words of eight bytes; the first is the same in all, the second counts.
        high, low = divmod(self._prefix() << _SEQUENCE_BITS | first, 1 << 64)
        ids = array("Q", [high]) * (2 * count)
        ids[1::2] = array("Q", range(low, low + count))
        if sys.byteorder == "little":
            ids.byteswap()
        storage = pa.Array.from_buffers(pa.binary(16), count, [None, pa.py_buffer(ids)])
        return pa.ExtensionArray.from_storage(pa.uuid(), storage)
