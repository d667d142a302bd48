"""Telling the kinds of a JSON value by its first character, and reading scalars: SQL expressions over JSON text.

DuckDB's reader lets NaN and Infinity through as numbers (RFC 8259 has no such numbers); they are named bad here and
not in the syntax check, so that one bad field leaves its neighbours alone.
"""

from __future__ import annotations

from typing import Final

_NUMERIC: Final = r"'[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?'"


def is_string(json: str) -> str:
    """Whether it is a string."""
    return f"{json}[1] = '\"'"


def is_number(json: str) -> str:
    """Whether it stands where a number stands, NaN and Infinity included."""
    return f"{json}[1] in ('-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'N', 'I')"


def is_container(json: str) -> str:
    """Whether it is an object or an array."""
    return f"{json}[1] in ('{{', '[')"


def is_word(json: str) -> str:
    """Whether it can be read as a name or a time: a string or a number."""
    return f"({is_string(json)} or {is_number(json)})"


def scalar_text(json: str) -> str:
    """The text of a string without its quotes and escapes, of a number as it is written; null for anything else."""
    return f"case when {is_string(json)} then ({json} ->> '$') when {is_number(json)} then {json} end"


def finite(text: str) -> str:
    """A finite double, or null; -0.0 becomes 0.0, so that equal values are also equal bit for bit."""
    number = f"try_cast({text} as double)"
    return f"case when {number} = 0 then 0.0::double when isfinite({number}) then {number} end"


def looks_numeric(text: str) -> str:
    """Whether a string spells a number in decimal notation (``12_000`` and ``inf`` are words)."""
    return f"regexp_full_match({text}, {_NUMERIC})"


def numeric_string(text: str) -> str:
    """The finite double that a string spells, or null."""
    return f"case when {looks_numeric(text)} then {finite(text)} end"
