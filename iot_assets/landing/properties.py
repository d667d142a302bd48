"""The properties of an MQTT 5 PUBLISH: those that are kept, in the shape in which they are landed.

Belongs here: property bytes to content type and attributes. Does not: the rest of the packet (``publishes.py``).
Section numbers are those of the OASIS MQTT 5.0 standard.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from typing import Final

Kept = tuple[str | None, str | None]
"""Content type, and the user properties as JSON."""

_FORMAT, _EXPIRY, _CONTENT_TYPE, _RESPONSE_TOPIC, _CORRELATION = 0x01, 0x02, 0x03, 0x08, 0x09
_USER_PROPERTY: Final = 0x26
_UNFIT: Final = ("\0", "\ufeff")


def kept(content_type: str | None, pairs: Iterable[tuple[str, str]]) -> Kept:
    """Content type and user properties as they are landed; a name that comes twice has a list of values."""
    merged: dict[str, str | list[str]] = {}
    for name, value in pairs:
        match merged.get(name):
            case None:
                merged[name] = value
            case str() as first:
                merged[name] = [first, value]
            case several:
                several.append(value)
    return content_type, json.dumps(merged, ensure_ascii=False) if merged else None


@functools.lru_cache(maxsize=1024)
def read(properties: bytes) -> Kept | None:
    """What is kept of a PUBLISH's properties (without their length); None where anything about them is in doubt.

    Senders repeat themselves, so what was read last is remembered.
    """
    found: dict[int, str] = {}
    pairs: list[tuple[str, str]] = []
    at = 0
    try:
        while at < len(properties):
            kind, at = properties[at], at + 1
            if kind in found:
                return None
            if kind == _USER_PROPERTY:
                name, at = _text(properties, at)
                value, at = _text(properties, at)
                pairs.append((name, value))
            else:
                found[kind], at = _value(kind, properties, at)
    except (LookupError, ValueError):
        return None
    return kept(found.get(_CONTENT_TYPE), pairs) if at == len(properties) else None


def _value(kind: int, data: bytes, at: int) -> tuple[str, int]:
    """The value of a property that may come once, as far as it is a text, and where it ends (2.2.2.2)."""
    if kind in {_CONTENT_TYPE, _RESPONSE_TOPIC}:
        return _text(data, at)
    if kind == _FORMAT and data[at] <= 1:
        return "", at + 1
    if kind == _EXPIRY:
        return "", at + 4
    if kind == _CORRELATION:
        return "", at + 2 + int.from_bytes(data[at : at + 2])
    # The topic alias, for instance: we never allow one.
    raise LookupError(kind)


def _text(data: bytes, at: int) -> tuple[str, int]:
    """A text with its length before it, and where it ends (1.5.4)."""
    begin = at + 2
    end = begin + int.from_bytes(data[at:begin])
    text = data[begin:end].decode()
    if end > len(data) or any(character in text for character in _UNFIT):
        raise ValueError(text)
    return text, end
