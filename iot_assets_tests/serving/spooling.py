"""A lander's spool, written frame by frame as a lander does, and sealed when the test wants it.

Belongs here: the real spool and the real sealing, without the thread and the broker. Does not: expectations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from iot_assets.lake.landed import LANDED_SCHEMA
from iot_assets.lake.message_id import MessageIds
from iot_assets.landing.frames import encode
from iot_assets.landing.seal import seal
from iot_assets.landing.segment import SegmentFile, Spool
from iot_assets_tests.lake_builder import columns_of

if TYPE_CHECKING:
    from pathlib import Path

    from iot_assets.lake.paths import DataPaths
    from iot_assets_tests.lake_builder import Message


class Spooling:
    """One start of one lander."""

    def __init__(self, paths: DataPaths, lander: str = "lander", start_ms: int = 1_760_000_000_000) -> None:
        self._paths, self._lander = paths, lander
        self._ids = MessageIds(lander, start_ms)
        self.folder = paths.spool(lander)
        self.folder.mkdir(parents=True)
        self._spool = Spool(self.folder, start_ms, max_bytes=1 << 30, seal_seconds=1)
        self._clock = 0.0
        self._sequence = 0
        self._closed: list[SegmentFile] = []

    def take(self, *messages: Message) -> None:
        """Make messages durable: one frame."""
        self._spool.append(self._batch(*messages), now=self._clock)

    def tear(self, message: Message, share: float) -> None:
        """Leave so much of a frame at the end of the open segment, as a crash or a write under way does."""
        pieces = b"".join(bytes(piece) for piece in encode(self._batch(message)))
        with self.open_segment().open("ab") as file:
            file.write(pieces[: int(len(pieces) * share)])

    def open_segment(self) -> Path:
        """The newest segment."""
        return max(self.folder.glob("*.spool"))

    def close_segment(self) -> None:
        """Append to another segment from now on."""
        self._clock += 1
        self._closed += self._spool.due(now=self._clock)

    def seal(self) -> None:
        """Close the segment; all closed ones become landed files."""
        self.close_segment()
        for segment in self._closed:
            seal(segment, self._paths, self._lander)
            segment.path.unlink()
        self._closed = []

    def _batch(self, *messages: Message) -> pa.RecordBatch:
        first = self._sequence
        self._sequence += len(messages)
        arrays = columns_of(messages, self._ids.column(first, len(messages)))
        return pa.RecordBatch.from_arrays(arrays, schema=LANDED_SCHEMA)
