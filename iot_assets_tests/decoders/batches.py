"""Batches of landed messages in a line, and results in a shape that is easy to compare."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from iot_assets.decoders.decode import decode
from iot_assets.decoders.decoded import OUTCOMES_SCHEMA, READINGS_SCHEMA, REJECTS_SCHEMA, Bounds, Decoded
from iot_assets.decoders.routes import Route, RouteTable
from iot_assets.model import EXCLUDING_FLAGS, INFORMATIVE_FLAGS, REJECT_REASONS

NOW = datetime(2025, 11, 12, 9, 0, 0, tzinfo=UTC)
Message = tuple[str, bytes]


def batch(messages: Iterable[Message], *, received_at: datetime = NOW, source: str = "mqtt") -> pa.Table:
    listed = list(messages)
    at = pa.scalar(received_at, pa.timestamp("us", tz="UTC"))
    return pa.table(
        {
            "source": pa.array([source] * len(listed), pa.string()),
            "topic": pa.array([topic for topic, _ in listed], pa.string()),
            "payload": pa.array([payload for _, payload in listed], pa.binary()),
            "content_type": pa.nulls(len(listed), pa.string()),
            "attributes": pa.nulls(len(listed), pa.string()),
            "received_at": pa.repeat(at, len(listed)),
        }
    )


def decoded(
    messages: Iterable[Message],
    *routes: Route,
    bounds: Bounds | None = None,
    received_at: datetime = NOW,
    source: str = "mqtt",
) -> Decoded:
    """Decode and hold the result against everything that is true of any result."""
    table = batch(messages, received_at=received_at, source=source)
    return checked(decode(table, RouteTable(routes), bounds or Bounds()), len(table))


def checked(result: Decoded, messages: int) -> Decoded:
    assert result.readings.schema.equals(READINGS_SCHEMA)
    assert result.rejects.schema.equals(REJECTS_SCHEMA)
    assert result.outcomes.schema.equals(OUTCOMES_SCHEMA)
    result.readings.validate(full=True)
    assert result.outcomes["row"].to_pylist() == list(range(messages))
    status = dict(zip(result.outcomes["row"].to_pylist(), result.outcomes["status"].to_pylist(), strict=True))
    told, rejected = set(result.readings["row"].to_pylist()), result.rejects["row"].to_pylist()
    assert len(set(rejected)) == len(rejected), "a message has at most one reject"
    for row in range(messages):
        expected = {"readings"} if row in told else {"rejected"} if row in rejected else {"not_telemetry", "held"}
        assert status[row] in expected
    assert set(result.rejects["reason"].to_pylist()) <= set(REJECT_REASONS)
    for reading in result.readings.to_pylist():
        assert (reading["value"] is None) != (reading["value_text"] is None)
        assert set(reading["flags"]) <= {*INFORMATIVE_FLAGS, *EXCLUDING_FLAGS}
    return result


def readings(result: Decoded, row: int | None = None) -> list[dict[str, Any]]:
    """Readings in the order of the batch and of the text."""
    rows = sorted(result.readings.to_pylist(), key=lambda r: (r["row"], r["position"]))
    return [r for r in rows if row is None or r["row"] == row]


def values(result: Decoded, row: int | None = None) -> dict[str, Any]:
    """Metric to value, number or text."""
    return {r["metric"]: r["value"] if r["value_text"] is None else r["value_text"] for r in readings(result, row)}


def rejects(result: Decoded) -> dict[int, str]:
    return dict(zip(result.rejects["row"].to_pylist(), result.rejects["reason"].to_pylist(), strict=True))


def reason(payload: bytes, *routes: Route, topic: str = "sensors", bounds: Bounds | None = None) -> str | None:
    """The reason why this one message is rejected, or None."""
    return rejects(decoded([(topic, payload)], *routes, bounds=bounds)).get(0)
