"""Values of Sparkplug B: from the form on the wire and the declared data type to numbers, texts or nothing.

Belongs here: data types. Does not: names, aliases, times.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

_SIGNED: Final = MappingProxyType({1: 8, 2: 16, 3: 32, 4: 64})
_UNSIGNED: Final = MappingProxyType({5: 8, 6: 16, 7: 32, 8: 64})
DATETIME: Final = 13
BOOLEAN_ARRAY: Final = 32
STRING_ARRAY: Final = 33
DATETIME_ARRAY: Final = 34
#: Arrays of numbers are packed, little-endian: the struct code of one of them.
_PACKED: Final = MappingProxyType(
    {22: "b", 23: "h", 24: "i", 25: "q", 26: "B", 27: "H", 28: "I", 29: "Q", 30: "f", 31: "d", DATETIME_ARRAY: "Q"}
)
#: Types whose integers cannot be read without knowing the type.
INTEGERS: Final = frozenset({"int_value", "long_value"})
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)


class BadValueError(ValueError):
    """The value is none of its data type."""


def scalar(form: str, value: Any, datatype: int) -> float | str:
    """A number or a text.

    Raises:
        BadValueError: an integer that its type cannot hold, an instant beyond the calendar, text that is not UTF-8.
    """
    if form in INTEGERS:
        return instant(value) if datatype == DATETIME else integer(value, datatype, 32 if form == "int_value" else 64)
    if type(value) is bytes:  # what is not UTF-8 in a text
        raise BadValueError(f"not UTF-8: {value[:60]!r}")
    return value  # type: ignore[no-any-return]


def integer(value: int, datatype: int, wire: int) -> int:
    """An integer, sent without sign in ``wire`` bits; a negative one as two's complement in these, or in its type's.

    Raises:
        BadValueError: its type cannot hold it.
    """
    if (bits := _SIGNED.get(datatype)) is not None:
        half = 1 << (bits - 1)
        if value < half:
            return value
        if value < 2 * half:
            return value - 2 * half
        if value >= (1 << wire) - half:
            return value - (1 << wire)
        raise BadValueError(f"{value} is no integer of {bits} bits")
    if (bits := _UNSIGNED.get(datatype)) is not None and value >> bits:
        raise BadValueError(f"{value} is no integer of {bits} bits")
    return value


def instant(milliseconds: int) -> str:
    """An instant in ISO 8601, since a number of milliseconds would be a measurement of nothing.

    Raises:
        BadValueError: it is beyond the year 9999.
    """
    try:
        at = _START + timedelta(milliseconds=milliseconds)
    except OverflowError as error:
        raise BadValueError(f"{milliseconds} ms since 1970") from error
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def array(data: bytes, datatype: int) -> list[float | str] | None:
    """The elements of an array; None where the type is no array, but bytes or a file.

    Raises:
        BadValueError: the bytes are none of its type.
    """
    if datatype == BOOLEAN_ARRAY:
        return _booleans(data)
    if datatype == STRING_ARRAY:
        return _strings(data)
    if (code := _PACKED.get(datatype)) is None:
        return None
    try:
        values = [value for (value,) in struct.iter_unpack(f"<{code}", data)]
    except struct.error as error:
        raise BadValueError(f"{len(data)} bytes are no array of {struct.calcsize(code)} each") from error
    return [instant(value) for value in values] if datatype == DATETIME_ARRAY else values


def spread(form: str, value: Any, datatype: int) -> list[tuple[str, float | str | BadValueError]]:
    """What arrays and data sets hold, each cell with its place: ``3``, or ``0.column``; nothing of bytes and files.

    Raises:
        BadValueError: the bytes are none of the type.
    """
    if form == "bytes_value":
        return [(str(number), element) for number, element in enumerate(array(value, datatype) or ())]
    return list(_cells(value))


def as_text(name: str | bytes) -> str:
    """A name; what is not UTF-8 comes as bytes."""
    return name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else name


def _cells(dataset: Any) -> Iterator[tuple[str, float | str | BadValueError]]:
    columns, types = [as_text(column) for column in dataset.columns], list(dataset.types)
    types += [0] * (len(columns) - len(types))
    for number, row in enumerate(dataset.rows):
        for column, datatype, element in zip(columns, types, row.elements, strict=False):
            if (form := element.WhichOneof("value")) is None:
                continue
            try:
                yield f"{number}.{column}", scalar(form, getattr(element, form), datatype)
            except BadValueError as fault:
                yield f"{number}.{column}", fault


def _booleans(data: bytes) -> list[float | str]:
    count = int.from_bytes(data[:4], "little")
    bits = data[4:]
    if len(data) < 4 or len(bits) != (count + 7) // 8:
        raise BadValueError(f"{len(data)} bytes are no array of {count} truth values")
    return [bits[n // 8] >> (7 - n % 8) & 1 for n in range(count)]


def _strings(data: bytes) -> list[float | str]:
    if data and not data.endswith(b"\0"):
        raise BadValueError("the last text of the array is not ended")
    try:
        return list(data.decode().split("\0")[:-1])
    except UnicodeDecodeError as error:
        raise BadValueError(f"not UTF-8: {data[:60]!r}") from error
