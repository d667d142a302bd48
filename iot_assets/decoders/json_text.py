"""Telling the kinds of a JSON value by its first character, and reading scalars: SQL expressions over JSON text.

DuckDB's reader lets NaN and Infinity through as numbers (RFC 8259 has no such numbers); they are named bad here and
not in the syntax check, so that one bad field leaves its neighbours alone.
"""

from __future__ import annotations

from typing import Final

#: SQL: what may stand around a JSON value.
BLANKS: Final = "chr(9) || chr(10) || chr(13) || ' '"
_NUMERIC: Final = r"'[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?'"


def is_string(json: str) -> str:
    """Whether it is a string."""
    return f"{json}[1] = '\"'"


def is_container(json: str) -> str:
    """Whether it is an object or an array."""
    return f"{json}[1] in ('{{', '[')"


def is_word(json: str) -> str:
    """Whether it can be read as a name or a time: a string or a number (NaN is one, by its place)."""
    return f"{json}[1] not in ('{{', '[', 't', 'f')"


def scalar_text(json: str) -> str:
    """The text of a string without its quotes and escapes, of a number as it is written; null for anything else."""
    return f"case when {is_string(json)} then ({json} ->> '$') when {is_word(json)} then {json} end"


def written_number(json: str, body: str) -> str:
    """A decimal number as it stands in the text it was read from.

    DuckDB hands on the nearest double instead, which is too coarse for a time: near 1.7e9 doubles are a quarter of a
    microsecond apart. What the text holds at that place counts only if it is the same double.
    """
    start = f"strpos({body}, split_part({json}, '.', 1) || '.')"
    found = f"regexp_extract(substr({body}, {start}, 60), '^-?[0-9]+[.][0-9]+')"
    return f"if(try_cast({found} as double) = try_cast({json} as double), {found}, {json})"


def looks_numeric(text: str) -> str:
    """Whether a string spells a number in decimal notation (``12_000`` and ``inf`` are words)."""
    return f"regexp_full_match({text}, {_NUMERIC})"
