"""A lake made by hand: landed files as real Parquet, with whatever sessions, packet ids and times a test needs.

Belongs here: writing what a lander would have written. Does not: a lander, a warehouse, expectations.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq

from iot_assets.lake.landed import FOOTER_ROWS, LANDED_SCHEMA, REGISTRY_SOURCE
from iot_assets.lake.message_id import MessageIds
from iot_assets.lake.paths import DataPaths

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Noon of a day on which nothing special happens; tests count from it.
NOON: Final = datetime(2025, 11, 12, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as a lander takes it."""

    received_at: datetime
    topic: str
    payload: bytes
    source: str = "mqtt"
    session: int = 1
    dup: bool = False
    packet_id: int = 0


@dataclass(frozen=True, slots=True)
class Landed:
    """One message as it lies in the lake."""

    message_id: UUID
    lander: str
    landed_on: str
    message: Message


@dataclass(frozen=True, slots=True)
class LandedParquet:
    """One landed file, not necessarily in the lake yet."""

    path: Path
    table: pa.Table
    messages: tuple[Landed, ...]

    def place(self) -> Path:
        """Put the file into the lake, as a lander does: whole or not at all."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(self.path.name + ".tmp")
        with pq.ParquetWriter(temporary, self.table.schema, compression="zstd", write_page_checksum=True) as writer:
            writer.write_table(self.table)
            writer.add_key_value_metadata({FOOTER_ROWS: str(self.table.num_rows)})
        return temporary.replace(self.path)


@dataclass(slots=True)
class LakeBuilder:
    """One start of one lander; its message ids and segments count up in the order in which files are made."""

    paths: DataPaths
    lander: str = "lander"
    start_ms: int = 1_760_000_000_000
    _sequence: int = field(default=0, init=False)
    _segment: int = field(default=0, init=False)

    def make(self, messages: Iterable[Message]) -> LandedParquet:
        """A file of these messages, to be placed when the test wants it."""
        listed = list(messages)
        ids = MessageIds(self.lander, self.start_ms)
        numbers = range(self._sequence, self._sequence + len(listed))
        first_at = listed[0].received_at if listed else NOON
        path = self.paths.landed_file(self.lander, self.start_ms, self._segment, first_at)
        arrays = columns_of(listed, ids.column(self._sequence, len(listed)))
        landed_on = path.parent.parent.name.removeprefix("date=")
        landed = tuple(Landed(ids.one(n), self.lander, landed_on, m) for n, m in zip(numbers, listed, strict=True))
        self._sequence += len(listed)
        self._segment += 1
        return LandedParquet(path, pa.table(arrays, schema=LANDED_SCHEMA), landed)

    def land(self, *messages: Message) -> LandedParquet:
        """Make a file and place it."""
        file = self.make(messages)
        file.place()
        return file


def columns_of(messages: Sequence[Message], ids: pa.Array) -> list[pa.Array]:
    """The landed columns of messages with these ids."""
    columns: dict[str, Any] = {
        "source": [m.source for m in messages],
        "topic": [m.topic for m in messages],
        "payload": [m.payload for m in messages],
        "content_type": [None] * len(messages),
        "attributes": [None] * len(messages),
        "qos": [1] * len(messages),
        "retain": [False] * len(messages),
        "dup": [m.dup for m in messages],
        "packet_id": [m.packet_id for m in messages],
        "session": [m.session for m in messages],
        "received_at": [m.received_at for m in messages],
    }
    return [ids, *(pa.array(columns[f.name], f.type) for f in LANDED_SCHEMA if f.name != "message_id")]


def at(seconds: float) -> datetime:
    """An instant so many seconds after ``NOON``."""
    return NOON + timedelta(seconds=seconds)


def said(
    device: str,
    seconds: float,
    /,
    *,
    received: float | None = None,
    session: int = 1,
    dup: bool = False,
    packet_id: int = 0,
    timed: bool = True,
    **values: object,
) -> Message:
    """A device's reading: its clock says ``seconds`` after noon, and it was received then or at ``received``."""
    body: dict[str, object] = {"ts": at(seconds).isoformat()} if timed else {}
    return Message(
        received_at=at(seconds if received is None else received),
        topic=f"devices/{device}/up",
        payload=json.dumps({**body, **values}).encode(),
        session=session,
        dup=dup,
        packet_id=packet_id,
    )


def registry(seconds: float, devices: dict[str, dict[str, object]]) -> Message:
    """The device registry as landed so many seconds after noon."""
    return Message(
        received_at=at(seconds), topic="registry.json", payload=json.dumps(devices).encode(), source=REGISTRY_SOURCE
    )
