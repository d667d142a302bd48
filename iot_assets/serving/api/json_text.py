"""Rows as JSON text, column by column: as objects of Python they would cost many times as much.

DuckDB writes fractions and what it alone can (lists, structs, bytes), Arrow the rest, and each distinct text is escaped
once. Belongs here: the text of a row. Does not: what stands between rows (``formats``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

_MICROS: Final = 6
#: What cannot stand in a JSON text as it is.
_ESCAPED: Final = r'["\\\x00-\x1f]'
_INSTANT: Final = "TIMESTAMP WITH TIME ZONE"
_NUMBERS: Final = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
)


def selected(column: str, kind: str, decimals: int) -> str:
    """What DuckDB gives of a column: itself, or a text that needs no escaping, or JSON."""
    del decimals
    if kind in {"UUID", "DATE"}:
        return f"{column}::varchar"
    if kind in {"DOUBLE", "FLOAT"}:
        # JSON has no word for what is not finite. Arrow would write 20.0 as 20, from which readers guess whole numbers.
        return f"if(isfinite({column}), {column}::varchar, null)"
    if kind == "BLOB":
        return f"base64({column})"
    if kind in {_INSTANT, "VARCHAR", "BOOLEAN", *_NUMBERS}:
        return column
    return f"to_json({column})::varchar"


def written(batch: pa.RecordBatch, columns: Sequence[tuple[str, str]], decimals: int) -> pa.Array:
    """Each row of a batch, whose columns are as ``selected`` gives them, as a JSON object."""
    pieces: list[pa.Array | str] = []
    before = "{"
    for (name, kind), column in zip(columns, batch.columns, strict=True):
        pieces += [f"{before}{json.dumps(name, ensure_ascii=False)}:", _value(column, kind, decimals)]
        before = ","
    return pc.binary_join_element_wise(*pieces, "}", "")


def joined(lines: pa.Array, separator: str) -> bytes:
    """The lines in one, this between them."""
    offsets = pa.array([0, len(lines)], pa.int32())
    whole = pc.binary_join(pa.ListArray.from_arrays(offsets, lines), separator)
    text: bytes = whole.cast(pa.binary())[0].as_py()
    return text


def _value(column: pa.Array, kind: str, decimals: int) -> pa.Array:
    if kind == "VARCHAR":
        text = _escaped(column)
    elif kind in {"UUID", "DATE", "BLOB"}:
        text = pc.binary_join_element_wise('"', column, '"', "")
    elif kind == _INSTANT:
        text = _instant(column, decimals)
    else:
        text = column.cast(pa.string())
    return pc.fill_null(text, "null")


def _escaped(column: pa.Array) -> pa.Array:
    encoded = column.dictionary_encode()
    texts = encoded.dictionary
    if pc.any(pc.match_substring_regex(texts, _ESCAPED)).as_py():
        texts = pa.array([json.dumps(text, ensure_ascii=False) for text in texts.to_pylist()], pa.string())
    else:
        texts = pc.binary_join_element_wise('"', texts, '"', "")
    return texts.take(encoded.indices)


def _instant(column: pa.Array, decimals: int) -> pa.Array:
    # Without a zone Arrow writes it ten times as fast: 2026-11-21 10:41:07.000000
    text = column.cast(pa.timestamp("us")).cast(pa.string())
    if decimals < _MICROS:
        text = pc.utf8_slice_codeunits(text, 0, len("2026-11-21 10:41:07.") + decimals)
    return pc.binary_join_element_wise('"', pc.binary_replace_slice(text, 10, 11, "T"), 'Z"', "")
