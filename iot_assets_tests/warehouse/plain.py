"""A trivial payload format and silver fed with it, so that tests of the warehouse depend on no real decoder.

A payload is a JSON list of [device, metric, microseconds since 1970 or null, number or text, unit or null, own
flags, and where it has one a declared id], or it announces: "!" and a JSON object of what devices are, as in a
registry; anything else is a reject. On the topic ``all`` all values of one time are kept.
Belongs here: payloads, what decoding makes of them. Does not: expectations.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from iot_assets.assets.registry import snapshots
from iot_assets.decoders.decoded import (
    ANNOUNCED_METRICS_SCHEMA,
    ANNOUNCEMENTS_SCHEMA,
    OUTCOMES_SCHEMA,
    READINGS_SCHEMA,
    REJECTS_SCHEMA,
)
from iot_assets.lake.landed import REGISTRY_SOURCE
from iot_assets.warehouse import ledger, silver
from iot_assets_tests.house import RUN
from iot_assets_tests.lake_builder import Landed, Message, at
from iot_assets_tests.oracle import SHAPES, Seen, instant

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

Reading: TypeAlias = tuple[str, str, int | None, float | str, str | None, list[str]]


def plain(
    received: float, *readings: Reading, session: int = 1, dup: bool = False, packet_id: int = 0, topic: str = "plain"
) -> Message:
    """A message of these readings, received so many seconds after noon; without any it cannot be decoded."""
    payload = json.dumps(list(readings)).encode() if readings else b"{"
    return Message(
        received_at=at(received), topic=topic, payload=payload, session=session, dup=dup, packet_id=packet_id
    )


def reading(
    device: str, seconds: float | None, value: float | str, *, metric: str = "m", unit: str | None = None
) -> Reading:
    """A reading that its device dates so many seconds after noon, or not at all."""
    return (device, metric, None if seconds is None else instant(at(seconds)), value, unit, [])


def settle_plainly(connection: duckdb.DuckDBPyConnection) -> list[silver.Written]:
    """Silver for whatever waits, decoded by ``decode_plainly``."""
    written = []
    for batch in ledger.pending(connection, "silver"):
        decoded = decode_plainly(silver.open_batch(connection, batch))
        history = snapshots(connection) if silver.brings_registry(connection) else None
        written.append(silver.write(connection, batch, decoded, history, run_id=RUN, shapes_per_route=SHAPES))
    return written


def decode_plainly(messages: pa.Table) -> silver.Decoded:
    """What a decoder of the trivial format hands to silver."""
    readings: list[dict[str, Any]] = []
    rejects: list[dict[str, Any]] = []
    outcomes: list[dict[str, Any]] = []
    devices: list[dict[str, Any]] = []
    metrics: list[dict[str, Any]] = []
    for row, message in enumerate(messages.to_pylist()):
        if message["source"] == REGISTRY_SOURCE:
            outcomes.append({"row": row, "status": "not_telemetry", "decoder": "registry"})
        elif message["payload"].startswith(b"!"):
            outcomes.append({"row": row, "status": "not_telemetry", "route": "plain", "decoder": "plain"})
            for device, facts in json.loads(message["payload"][1:]).items():
                devices.append({"row": row, "device_id": device, **{n: v for n, v in facts.items() if n != "metrics"}})
                metrics += [{"row": row, "device_id": device, "metric": m, **f} for m, f in facts["metrics"].items()]
        elif not message["payload"].startswith(b"["):
            outcomes.append({"row": row, "status": "rejected", "decoder": "plain"})
            rejects.append({"row": row, "reason": "malformed_json", "decoder": "plain"})
        else:
            outcomes.append(
                {
                    "row": row,
                    "status": "readings",
                    "route": "plain",
                    "decoder": "plain",
                    "keep_all": message["topic"] == "all" or None,
                }
            )
            readings += [
                _reading(row, position, message["received_at"], fields)
                for position, fields in enumerate(json.loads(message["payload"]))
            ]
    return silver.Decoded(
        pa.Table.from_pylist(readings, schema=READINGS_SCHEMA),
        pa.Table.from_pylist(rejects, schema=REJECTS_SCHEMA),
        pa.Table.from_pylist(outcomes, schema=OUTCOMES_SCHEMA),
        pa.Table.from_pylist(devices, schema=ANNOUNCEMENTS_SCHEMA),
        pa.Table.from_pylist(metrics, schema=ANNOUNCED_METRICS_SCHEMA),
    )


def seen(landed: Iterable[Landed]) -> list[Seen]:
    """Landed messages as the oracle takes them."""
    return [
        Seen(
            message_id=one.message_id,
            received_at=instant(one.message.received_at),
            source=one.message.source,
            lander=one.lander,
            landed_on=one.landed_on,
            session=one.message.session,
            dup=one.message.dup,
            packet_id=one.message.packet_id,
            topic=one.message.topic,
            payload=one.message.payload,
        )
        for one in landed
    ]


def _reading(row: int, position: int, received_at: Any, fields: list[Any]) -> dict[str, Any]:
    device, metric, event_us, what, unit, flags, *declared = fields
    is_number = isinstance(what, int | float)
    return {
        "row": row,
        "device_id": device,
        "metric": metric,
        "event_at": received_at if event_us is None else event_us,
        "value": float(what) if is_number else None,
        "value_text": None if is_number else what,
        "unit": unit,
        "flags": [*flags, *(["out_of_scale"] if is_number and abs(what) >= 1e12 else [])],
        "event_at_source": "received" if event_us is None else "payload",
        "declared_id": next(iter(declared), None),
        "position": position,
    }
