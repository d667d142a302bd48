"""Messages as they were taken, in columns, until they are one Arrow batch of the landed schema.

This is the seam between whatever decodes a protocol and the spool: one by one (``add``), or a whole batch of columns at
a time (``extend``).

Belongs here: columns, their size, the batch made of them. Does not: where messages come from (``connection.py``,
``registry.py``), how packets become columns (``publishes.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from iot_assets.lake.landed import LANDED_SCHEMA

if TYPE_CHECKING:
    from iot_assets.lake.message_id import MessageIds

#: What is known of a message before it is given its id: the landed schema without what all of one ``Taken`` share.
MESSAGES: Final = pa.schema([f for f in LANDED_SCHEMA if f.name not in {"message_id", "source", "session"}])


class Taken:
    """Messages in the order of arrival."""

    def __init__(self, source: str, session: int) -> None:
        self.source, self.session = source, session
        self.size = 0
        """Bytes of the payloads."""
        self.duplicates = 0
        """How many have the flag dup."""
        self.last_us = 0
        """When the last one was received, in microseconds since 1970."""
        self._count = 0
        self._batches: list[pa.RecordBatch] = []
        self._rows: list[tuple[object, ...]] = []
        """Messages added one by one, behind all batches; columns in the order of ``MESSAGES``."""

    def __len__(self) -> int:
        return self._count

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
        self._rows.append((topic, payload, content_type, attributes, qos, retain, dup, packet_id, received_us))
        self._count += 1
        self.size += len(payload)
        self.duplicates += dup
        self.last_us = received_us

    def extend(self, batch: pa.RecordBatch, size: int) -> None:
        """Add at least one message, all columns of ``MESSAGES`` at once.

        Args:
            batch: the columns.
            size: bytes of the payloads.
        """
        self._gather()
        duplicates, last_us = pc.sum(batch["dup"]).as_py(), batch["received_at"][-1].value
        self._batches.append(batch)
        self._count += batch.num_rows
        self.size += size
        self.duplicates += duplicates
        self.last_us = last_us

    def to_acknowledge(self) -> list[int]:
        """The packet ids that the broker waits for, in the order of arrival."""
        self._gather()
        packet_ids: list[int] = []
        for batch in self._batches:
            packet_ids += batch["packet_id"].filter(pc.greater(batch["qos"], 0)).to_pylist()
        return packet_ids

    def batch(self, ids: MessageIds, first: int) -> pa.RecordBatch:
        """The messages as a batch of the landed schema, numbered from ``first``."""
        self._gather()
        count = len(self)
        messages = pa.concat_batches(self._batches or [pa.RecordBatch.from_pylist([], schema=MESSAGES)])
        columns = {
            "message_id": ids.column(first, count),
            "source": pa.repeat(pa.scalar(self.source), count),
            "session": pa.repeat(pa.scalar(self.session, pa.int32()), count),
            **dict(zip(MESSAGES.names, messages.columns, strict=True)),
        }
        return pa.RecordBatch.from_arrays([columns[name] for name in LANDED_SCHEMA.names], schema=LANDED_SCHEMA)

    def _gather(self) -> None:
        if self._rows:
            columns = [
                pa.array(values, field.type)
                for values, field in zip(zip(*self._rows, strict=True), MESSAGES, strict=True)
            ]
            self._batches.append(pa.RecordBatch.from_arrays(columns, schema=MESSAGES))
            self._rows = []
