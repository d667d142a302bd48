"""Births: messages without which others cannot be read (a birth certificate names what later messages only number).

Belongs here: which birth a message is read with. Does not: what a birth says (the convention's reader), where births
are kept from one batch to the next (the warehouse, which hands in those that the topics of a batch need).

A message is read with the last birth at or before it in the order of arrival; where there is none, with the first one
after it; where there is none at all, it is held. So what comes out depends on what has arrived, not on batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from iot_assets.decoders.decoded import BIRTHS_SCHEMA

if TYPE_CHECKING:
    from iot_assets.decoders.decoded import Bounds


class Birth(NamedTuple):
    """What one message says for the reading of those of a topic."""

    topic: str
    """The topic of the messages that are read with it."""
    part: str
    """Of which of several things it tells, where those messages need more than one birth."""
    value: bytes
    """What it says, in a form of the convention's own."""


@dataclass(frozen=True, slots=True)
class BirthReader:
    """How a convention reads births."""

    is_birth: Callable[[str], bool]
    """Whether messages of this topic are births."""
    read: Callable[[str, bytes], list[Birth]]
    """From topic and payload to what it says; a payload that cannot be read says nothing."""
    understand: Callable[[bytes], Any]
    """From the value of a birth to what the readers of the convention want of it."""


class Births:
    """The births that messages of a batch are read with, by topic."""

    def __init__(self, births: pa.Table, known: int, understand: Callable[[bytes], Any]) -> None:
        """``births`` has the columns of ``BIRTHS_SCHEMA``; the first ``known`` rows are from before the batch."""
        self._by_topic: dict[str, list[tuple[int, str, bytes]]] = {}
        self._understand = understand
        self._understood: dict[bytes, Any] = {}
        rows = zip(*births.to_pydict().values(), strict=True)
        # A birth known from before comes before the message of its row, one found in the batch is that message.
        placed = [(2 * row + (n >= known), topic, part, value) for n, (row, topic, part, value) in enumerate(rows)]
        for place, topic, part, value in sorted(placed, key=lambda birth: birth[0]):
            self._by_topic.setdefault(topic, []).append((place, part, value))

    def of(self, topic: str, row: int) -> Any | None:
        """What the birth says that the message of this row is read with; None where there is no birth at all."""
        if (births := self._by_topic.get(topic)) is None:
            return None
        value = births[0][2]
        for place, _, later in births[1:]:
            if place > 2 * row + 1:
                break
            value = later
        return self._meaning(value)

    def before(self, topic: str, row: int) -> Iterator[tuple[str, Any]]:
        """Part and meaning of each birth that arrived before the message of this row, the latest first."""
        for place, part, value in reversed(self._by_topic.get(topic, ())):
            if place < 2 * row + 1:
                yield part, self._meaning(value)

    def _meaning(self, value: bytes) -> Any:
        if (found := self._understood.get(value)) is None:
            found = self._understood[value] = self._understand(value)
        return found


def found_births(batch: pa.Table, number: int, reader: BirthReader, bounds: Bounds) -> pa.Table:
    """The births among the messages of a group, with the columns of ``BIRTHS_SCHEMA``."""
    mine = batch.select(["row", "topic", "payload", "group"]).filter(pc.field("group") == number)
    topics = [topic for topic in pc.unique(mine["topic"]).to_pylist() if reader.is_birth(topic)]
    births = mine.filter(pc.is_in(mine["topic"], value_set=pa.array(topics, pa.string())))
    rows = []
    for row, topic, payload in zip(*(births[name].to_pylist() for name in ("row", "topic", "payload")), strict=True):
        if len(payload) <= bounds.max_payload_bytes:
            rows += [(row, *birth) for birth in _read(reader, topic, payload)]
    columns = list(zip(*rows, strict=True)) or [()] * len(BIRTHS_SCHEMA)
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, BIRTHS_SCHEMA, strict=True)], schema=BIRTHS_SCHEMA)


def _read(reader: BirthReader, topic: str, payload: bytes) -> list[Birth]:
    try:
        return reader.read(topic, payload)
    except Exception:  # noqa: BLE001 - a fault of ours; reading the message itself meets it again, and it is a reject
        return []
