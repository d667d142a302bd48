"""Names of columns and views that every BI tool takes, made from whatever devices call their metrics.

Belongs here: the naming. Does not: what is named. A name depends on the things that are named at once, not on which of
them came first, so that it is the same after a rebuild; who must share a name loses it, and nobody else inherits it.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Final

_LONGEST: Final = 50


def column_names(things: Sequence[tuple[str, str]], *, taken: Sequence[str]) -> list[str]:
    """A name for each thing, unlike the others' and what is taken: lower-case letters, digits, underscores.

    A thing is what it is called, and what else tells it from others; things differ.
    """
    names = [plain(called) for called, _ in things]
    for round_ in range(1, 20):
        counts = Counter([*names, *taken])
        if len(counts) == counts.total():
            break
        names = [
            name if counts[name] == 1 else f"{name}_{_digest(thing, 3 * round_)}"
            for thing, name in zip(things, names, strict=True)
        ]
    return names


def plain(called: str) -> str:
    """The nearest name of ASCII letters, digits and underscores; a letter comes first."""
    ascii_only = unicodedata.normalize("NFKD", called).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "_", ascii_only.lower()).strip("_")[:_LONGEST].rstrip("_")
    return words if words[:1].isalpha() else f"m_{words}".rstrip("_")


def _digest(thing: tuple[str, str], size: int) -> str:
    return hashlib.blake2b("\0".join(thing).encode(), digest_size=size).hexdigest()
