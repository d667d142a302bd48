"""The running number of Sparkplug messages: where it jumps, messages were lost before we had them.

An edge node numbers what it sends, its devices' messages too, from 0 to 255 and on from 0; a birth of the node begins
anew, and its death, which the broker sends, has no number. Belongs here: counting. Does not: what to do about it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from iot_assets.decoders.readers.sparkplug_births import address, parsed
from iot_assets.decoders.sheet import Unreadable

_NUMBERED = frozenset({"NDATA", "DBIRTH", "DDATA", "DDEATH"})


@dataclass(slots=True)
class Gaps:
    """What is missing of one edge node's messages."""

    node: str
    gaps: int = 0
    lost: int = 0
    """At least so many messages: the number tells no multiples of 256."""
    last_at: datetime | None = None
    """When the message after the latest gap was received."""


class Sequences:
    """Follows the messages of all nodes in the order of arrival."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str, str], int] = {}
        self._found: dict[tuple[str, str, str], Gaps] = {}

    def follow(self, messages: Iterable[tuple[str, bytes, datetime]]) -> None:
        """Topic, payload and received time of the next messages."""
        for topic, payload, received_at in messages:
            where = address(topic)
            if where is None or (where.message != "NBIRTH" and where.message not in _NUMBERED):
                continue
            try:
                message = parsed(payload)
            except Unreadable:
                continue
            if not message.HasField("seq"):
                continue
            node, seq = (where.root, where.group, where.node), message.seq % 256
            last = self._last.get(node)
            self._last[node] = seq
            # The same number once more is the same message once more, by another lander perhaps.
            if where.message == "NBIRTH" or last is None or seq in {last, (last + 1) % 256}:
                continue
            gaps = self._found.setdefault(node, Gaps(f"{where.root}{where.group}/{where.node}"))
            gaps.gaps += 1
            gaps.lost += (seq - last - 1) % 256
            gaps.last_at = received_at

    def found(self) -> list[Gaps]:
        """The nodes with gaps, those that lost most first."""
        return sorted(self._found.values(), key=lambda gaps: (-gaps.lost, gaps.node))
