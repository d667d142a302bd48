"""Messages as they were taken, in columns, until they are one Arrow batch of the landed schema.

This is the seam between whatever decodes a protocol and the spool: a faster decoder only has to fill the columns.

Belongs here: columns, their size, the batch made of them. Does not: where messages come from (``connection.py``,
``registry.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from iot_assets.lake.landed import LANDED_SCHEMA

if TYPE_CHECKING:
    from iot_assets.lake.message_id import MessageIds


@dataclass(slots=True)
class Taken:
    """Messages in the order of arrival, one list a column."""

    source: str
    session: int
    topics: list[str] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)
    content_types: list[str | None] = field(default_factory=list)
    attributes: list[str | None] = field(default_factory=list)
    qos: list[int] = field(default_factory=list)
    retain: list[bool] = field(default_factory=list)
    dup: list[bool] = field(default_factory=list)
    packet_ids: list[int] = field(default_factory=list)
    received_us: list[int] = field(default_factory=list)
    """Microseconds since 1970."""
    size: int = 0
    """Bytes of the payloads."""

    def __len__(self) -> int:
        return len(self.topics)

    def add(
        self,
        topic: str,
        payload: bytes,
        *,
        received_us: int,
        qos: int = 0,
        retain: bool = False,
        dup: bool = False,
        packet_id: int = 0,
        content_type: str | None = None,
        attributes: str | None = None,
    ) -> None:
        """Add one message."""
        self.topics.append(topic)
        self.payloads.append(payload)
        self.content_types.append(content_type)
        self.attributes.append(attributes)
        self.qos.append(qos)
        self.retain.append(retain)
        self.dup.append(dup)
        self.packet_ids.append(packet_id)
        self.received_us.append(received_us)
        self.size += len(payload)

    def to_acknowledge(self) -> list[int]:
        """The packet ids that the broker waits for, in the order of arrival."""
        return [packet_id for packet_id, qos in zip(self.packet_ids, self.qos, strict=True) if qos > 0]

    def batch(self, ids: MessageIds, first: int) -> pa.RecordBatch:
        """The messages as a batch of the landed schema, numbered from ``first``."""
        count = len(self)
        columns = [
            ids.column(first, count),
            pa.repeat(pa.scalar(self.source), count),
            pa.array(self.topics, pa.string()),
            pa.array(self.payloads, pa.binary()),
            pa.array(self.content_types, pa.string()),
            pa.array(self.attributes, pa.string()),
            pa.array(self.qos, pa.int8()),
            pa.array(self.retain, pa.bool_()),
            pa.array(self.dup, pa.bool_()),
            pa.array(self.packet_ids, pa.int32()),
            pa.repeat(pa.scalar(self.session, pa.int32()), count),
            pa.array(self.received_us, pa.timestamp("us", tz="UTC")),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=LANDED_SCHEMA)
