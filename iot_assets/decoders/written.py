"""Values as text writes them: which texts are numbers and truth values.

Belongs here: the one answer for all readers of text. Does not: SQL over columns (``json_text`` says the same there).
"""

from __future__ import annotations

import re
from typing import Final

#: Decimal notation alone: ``12_000``, ``0x10`` and digits of other scripts are words.
NUMBER: Final = r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+"
_NUMBER: Final = re.compile(NUMBER)
_TRUTH: Final = {"true": True, "false": False}
_NOT_FINITE: Final = frozenset({"nan", "inf", "infinity"})


def number(text: str) -> float | None:
    """The number that a text spells; NaN and infinities, too, so that they are told apart from words."""
    if _NUMBER.fullmatch(text) is not None or text.lstrip("+-").lower() in _NOT_FINITE:
        return float(text)
    return None


def value(text: str) -> float | str | None:
    """A number or a truth value where the text spells one, nothing where it is empty, else the text itself."""
    if not text:
        return None
    if (spelled := number(text)) is not None:
        return spelled
    return _TRUTH.get(text.lower(), text)
