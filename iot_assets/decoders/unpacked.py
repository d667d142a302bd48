"""Payloads that came compressed, unpacked: gzip and zlib, told by their first bytes.

Belongs here: compression. Does not: what is inside. What only looks compressed, and does not unpack, stays as it is.
"""

from __future__ import annotations

import zlib
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

#: gzip (RFC 1952) begins 1f 8b; zlib (RFC 1950) with a window of 32 KB begins 78 and one of these.
_GZIP: Final = b"\x1f\x8b"
_ZLIB: Final = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_EITHER: Final = zlib.MAX_WBITS | 32
_READ_AT_ONCE: Final = 1 << 16


def unpacked(batch: pa.Table, most: int) -> pa.Table:
    """The batch with the payloads of compressed messages unpacked.

    Of a payload that holds more than ``most`` bytes, ``most + 1`` are unpacked: enough to say that it is too large.
    """
    start = pc.binary_slice(batch["payload"], 0, 2)
    packed = pc.is_in(start, value_set=pa.array([_GZIP, *_ZLIB], pa.binary()))
    if not pc.any(packed).as_py():
        return batch
    payloads = batch["payload"].filter(packed).to_pylist()
    plain = pa.array([unpack(payload, most) for payload in payloads], pa.binary())
    column = pc.replace_with_mask(batch["payload"].combine_chunks(), packed.combine_chunks(), plain)
    return batch.set_column(batch.schema.get_field_index("payload"), "payload", column)


def unpack(payload: bytes, most: int) -> bytes:
    """The payload unpacked, up to ``most + 1`` bytes; as it is where it is not compressed after all."""
    pieces, size, rest = [], 0, payload
    try:
        while rest and size <= most:  # a gzip file may have several members
            member = zlib.decompressobj(wbits=_EITHER)
            while not member.eof and size <= most:
                piece = member.decompress(rest, min(_READ_AT_ONCE, most + 1 - size))
                if not piece and not member.unconsumed_tail and not member.eof:
                    return payload  # it breaks off
                pieces.append(piece)
                size += len(piece)
                rest = member.unconsumed_tail
            rest = member.unused_data
    except zlib.error:
        return payload
    return b"".join(pieces)
