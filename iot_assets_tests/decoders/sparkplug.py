"""Sparkplug payloads by hand, from the numbers in the specification; shares nothing with the decoder.

Belongs here: bytes as an edge node writes them. Does not: what they mean.
"""

from __future__ import annotations

import struct
from typing import Any, Final

INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64 = range(1, 9)
FLOAT, DOUBLE, BOOLEAN, STRING, DATETIME, TEXT, UUID, DATASET, BYTES, FILE, TEMPLATE = range(9, 20)

#: Form of a value → its field in a metric, and in a property or a template's parameter.
_METRIC: Final = {
    "int": 10,
    "long": 11,
    "float": 12,
    "double": 13,
    "bool": 14,
    "text": 15,
    "bytes": 16,
    "dataset": 17,
    "template": 18,
}
_PROPERTY: Final = {"int": 3, "long": 4, "float": 5, "double": 6, "bool": 7, "text": 8}
_CELL: Final = {"int": 1, "long": 2, "float": 3, "double": 4, "bool": 5, "text": 6}


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def whole(field: int, number: int | None) -> bytes:
    return b"" if number is None else varint(field << 3) + varint(number)


def block(field: int, data: bytes | str | None) -> bytes:
    if data is None:
        return b""
    raw = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(raw)) + raw


def value(fields: dict[str, int], form: str, what: Any) -> bytes:
    field = fields[form]
    match form:
        case "float":
            return varint(field << 3 | 5) + struct.pack("<f", what)
        case "double":
            return varint(field << 3 | 1) + struct.pack("<d", what)
        case "int" | "long" | "bool":
            return whole(field, int(what))
        case _:
            return block(field, what)


def properties(**told: tuple[int, str, Any]) -> bytes:
    """Properties by name: data type, form, value."""
    keys = b"".join(block(1, key.replace("_", " ")) for key in told)
    values = [block(2, whole(1, kind) + value(_PROPERTY, form, what)) for kind, form, what in told.values()]
    return keys + b"".join(values)


def metric(
    name: str | None = None,
    *,
    alias: int | None = None,
    at: int | None = None,
    kind: int | None = None,
    historical: bool | None = None,
    transient: bool | None = None,
    null: bool | None = None,
    props: bytes | None = None,
    **told: Any,
) -> bytes:
    """A metric whose value is the one keyword that is left: ``double=1.5``."""
    flags = ((5, historical), (6, transient), (7, null))
    return (
        block(1, name)
        + b"".join(whole(f, n) for f, n in ((2, alias), (3, at), (4, kind)))
        + b"".join(whole(f, None if flag is None else int(flag)) for f, flag in flags)
        + block(9, props)
        + b"".join(value(_METRIC, form, what) for form, what in told.items())
    )


def payload(*metrics: bytes, at: int | None = None, seq: int | None = None) -> bytes:
    return whole(1, at) + b"".join(block(2, metric) for metric in metrics) + whole(3, seq)


def dataset(columns: dict[str, int], *rows: list[tuple[str, Any] | None]) -> bytes:
    """Columns with their types, rows of (form, value) or None for an empty cell."""
    cells = [b"".join(block(1, b"" if c is None else value(_CELL, *c)) for c in row) for row in rows]
    return (
        whole(1, len(columns))
        + b"".join(block(2, name) for name in columns)
        + b"".join(whole(3, kind) for kind in columns.values())
        + b"".join(block(4, cell) for cell in cells)
    )


def template(*members: bytes, of: str | None = None, definition: bool = False) -> bytes:
    return b"".join(block(2, member) for member in members) + block(4, of) + whole(5, int(definition))


def birth(at: int | None = None, session: int = 0, **aliases: int) -> bytes:
    """A node's birth, whose metrics are doubles with these aliases."""
    told = [metric(name, alias=alias, kind=DOUBLE, double=0.0) for name, alias in aliases.items()]
    return payload(metric("bdSeq", kind=INT64, long=session), *told, at=at, seq=0)


def death(session: int) -> bytes:
    return payload(metric("bdSeq", kind=INT64, long=session))
