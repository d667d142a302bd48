"""Lines ``epoch name value``, looked over before they are taken: the first that is none, and why.

The grammar, blanks being spaces and tabs, lines ending in LF or CRLF, empty ones passed over::

    line    blanks? epoch blanks name blanks value blanks?
    epoch   sign? digits (. digits)?     whole part within 64 bits
    name    UTF-8 without blanks and control characters
    value   sign? (digits (. digits?)? | . digits) (e sign? digits)?     finite as a double

Belongs here: telling good lines from bad ones. Does not: what they mean, which is decoded later from the same bytes.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

_NUMBER: Final = rb"[+-]?(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+"
_VALUE: Final = re.compile(_NUMBER)
_EPOCH: Final = re.compile(rb"([+-]?)([0-9]++)(?:\.[0-9]++)?+")
_BLANKS: Final = re.compile(rb"[ \t]+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BEYOND_ASCII: Final = re.compile(r"[\x80-\x9f]")

# What nearly all bodies are made of, and nothing that would need a second look: no epoch of 19 digits, no value whose
# digits or exponent could carry it out of a double's range. Everything is possessive, so that no body is read twice.
_PLAIN_LINE: Final = (
    rb"[ \t]*+[+-]?[0-9]{1,18}+(?:\.[0-9]++)?+"
    rb"[ \t]++[!-~\x80-\xff]++"
    rb"[ \t]++[+-]?(?:[0-9]{1,100}+(?:\.[0-9]*+)?+|\.[0-9]++)(?:[eE][+-]?[0-9]{1,2}+)?+"
    rb"[ \t]*+\r?"
)
_USUAL_LINE: Final = rb"[0-9]{10}+ [!-~\x80-\xff]++ -?[0-9]{1,15}+(?:\.[0-9]{1,15}+)?+"
"""A case of the above, tried first because it is found out twice as fast."""
_PLAIN: Final = re.compile(
    rb"(?:" + _USUAL_LINE + rb"\n|(?:" + _PLAIN_LINE + rb"|[ \t]*+\r?)\n)*+(?:" + _PLAIN_LINE + rb"|[ \t]*+\r?)"
)
_SHOWN: Final = 60
"""So much of a wrong text is repeated to whoever sent it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a body is refused."""

    line: int
    """Counted from 1."""
    why: str


def first_fault(body: bytes) -> Fault | None:
    """The first line that is wrong, or None where all are right."""
    if _PLAIN.fullmatch(body) is not None and _is_text(body):
        return None
    for number, line in enumerate(body.split(b"\n"), start=1):
        if (why := _wrong(line.removesuffix(b"\r").strip(b" \t"))) is not None:
            return Fault(number, why)
    return None


def _is_text(body: bytes) -> bool:
    """Whether a body that the pattern let through is UTF-8, without the control characters that are beyond ASCII."""
    try:
        return body.isascii() or _CONTROL_BEYOND_ASCII.search(body.decode()) is None
    except UnicodeDecodeError:
        return False


def _wrong(line: bytes) -> str | None:
    if not line:
        return None
    parts = _BLANKS.split(line)
    if len(parts) != 3:
        return f"{len(parts)} {'part' if len(parts) == 1 else 'parts'} where epoch, name and value are expected"
    epoch, name, value = parts
    return _wrong_epoch(epoch) or _wrong_name(name) or _wrong_value(value)


def _wrong_epoch(epoch: bytes) -> str | None:
    if (found := _EPOCH.fullmatch(epoch)) is None:
        return f"the epoch {_quoted(epoch)} is not a number of seconds since 1970"
    digits = found[2].lstrip(b"0") or b"0"
    # So many digits are too many whatever they are, and Python would not turn thousands of them into a number.
    if len(digits) > 19 or not -(2**63) <= int(found[1] + digits) < 2**63:
        return f"the epoch {_quoted(epoch)} is beyond 64 bits"
    return None


def _wrong_name(name: bytes) -> str | None:
    try:
        text = name.decode()
    except UnicodeDecodeError:
        return f"the name {_quoted(name)} is not UTF-8"
    return f"the name {_quoted(name)} holds a control character" if _CONTROL.search(text) else None


def _wrong_value(value: bytes) -> str | None:
    if _VALUE.fullmatch(value) is not None:
        return f"the value {_quoted(value)} is beyond what a double holds" if math.isinf(float(value)) else None
    if value.lstrip(b"+-").lower() in (b"nan", b"inf", b"infinity"):
        return f"the value {_quoted(value)} is not finite"
    return f"the value {_quoted(value)} is not a number"


def _quoted(text: bytes) -> str:
    shown = text[:_SHOWN].decode(errors="replace")
    return repr(f"{shown}…" if len(text) > _SHOWN else shown)
