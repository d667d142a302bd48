"""What stands at the ends of a JSON tree, and what a bare payload says: for readers whose units go by the last name.

Belongs here: walking a tree, reading a word. Does not: any convention.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from iot_assets.decoders.json_flat import MAX_DEPTH
from iot_assets.decoders.sheet import Unreadable

Leaf = tuple[str, str, float | str]
_TRUTH: Final = {"true": True, "false": False}


def leaves(
    tree: Mapping[str, Any], above: str = "", *, left_out: Collection[str] = (), arrays: bool = False, depth: int = 0
) -> Iterator[Leaf]:
    """Dotted name, last name and value of each number, truth value and text.

    Args:
        tree: the object.
        above: what goes before each dotted name.
        left_out: names that are not looked at, at any depth.
        arrays: whether what stands in an array is numbered from 1, or left out.
        depth: how deep the object lies.

    Raises:
        Unreadable: it lies too deep; what is above has been told.
    """
    if depth > MAX_DEPTH:
        raise Unreadable("bad_metric", f"{above[:100]} lies too deep")
    for name, value in tree.items():
        if value is None or name in left_out:
            continue
        if isinstance(value, dict):
            yield from leaves(value, f"{above}{name}.", left_out=left_out, arrays=arrays, depth=depth + 1)
        elif not isinstance(value, list):
            yield above + name, name, value
        elif arrays:
            for number, item in enumerate(value, 1):
                if isinstance(item, (int, float, str)):
                    yield f"{above}{name}.{number}", name, item


def bare(text: str) -> float | str:
    """The number or truth value that a text spells, else the text itself without blanks around it."""
    word = text.strip()
    if word[:1] in _BEGINS_NUMBER and "_" not in word:
        try:
            return float(word)
        except ValueError:
            return word
    return _TRUTH.get(word.lower(), word)


_BEGINS_NUMBER: Final = frozenset("+-.0123456789")
