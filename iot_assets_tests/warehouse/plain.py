"""A trivial payload format and silver fed with it, so that tests of the warehouse depend on no real decoder.

A payload is a JSON list of [device, metric, microseconds since 1970 or null, number or text, unit or null, own
flags, and where it has one a declared id], or it announces: "!" and a JSON object of what devices are, as in a
registry; anything else is a reject. On the topic ``all`` all values of one time are kept. Some are read with births:
"+" begins one, "#" what it numbers, "-" an end (see the oracle).
Belongs here: payloads, what decoding makes of them. Does not: expectations.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from iot_assets.assets.registry import snapshots
from iot_assets.decoders.births import Births
from iot_assets.decoders.decoded import (
    ANNOUNCED_METRICS_SCHEMA,
    ANNOUNCEMENTS_SCHEMA,
    BIRTHS_SCHEMA,
    OUTCOMES_SCHEMA,
    READINGS_SCHEMA,
    REJECTS_SCHEMA,
)
from iot_assets.lake.landed import REGISTRY_SOURCE
from iot_assets.warehouse import births, ledger, silver
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
    written = [
        _settle(connection, batch, silver.open_batch(connection, batch))
        for batch in ledger.pending(connection, "silver")
    ]
    while batch := births.open_rereads(connection, most=2, run_id=RUN):
        written.append(_settle(connection, batch, silver.batch_messages(connection)))
    return written


def _settle(connection: duckdb.DuckDBPyConnection, batch: ledger.Batch, messages: pa.Table) -> silver.Written:
    decoded = decode_plainly(messages, births.known(connection))
    history = snapshots(connection) if silver.brings_registry(connection) else None
    return silver.write(connection, batch, decoded, history, run_id=RUN, shapes_per_route=SHAPES)


def decode_plainly(messages: pa.Table, known: pa.Table | None) -> silver.Decoded:
    """What a decoder of the trivial format hands to silver, with the births that it is handed."""
    found = [
        {"row": row, "value": json.dumps(said["names"]).encode(), "topic": said["topic"], "part": said["part"]}
        for row, message in enumerate(messages.to_pylist())
        if message["payload"].startswith(b"+") and message["source"] != REGISTRY_SOURCE
        for said in json.loads(message["payload"][1:])
    ]
    born = pa.Table.from_pylist(found, BIRTHS_SCHEMA)
    before = BIRTHS_SCHEMA.empty_table() if known is None else known.cast(BIRTHS_SCHEMA)
    read_with = Births(pa.concat_tables([before, born]), len(before), json.loads)
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
        elif message["payload"].startswith(b"+"):
            outcomes.append({"row": row, "status": "not_telemetry", "route": "plain", "decoder": "plain"})
        elif message["payload"].startswith((b"#", b"-")):
            status, told, fault = _read_with(row, message, read_with)
            outcomes.append({"row": row, "status": status, "route": "plain", "decoder": "plain"})
            outcomes[-1]["sender"] = message["topic"]
            readings += told
            rejects += [{"row": row, "reason": "unknown_alias", "decoder": "plain"}] if fault else []
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
        born,
    )


def _read_with(row: int, message: dict[str, Any], read_with: Births) -> tuple[str, list[dict[str, Any]], bool]:
    """Status, readings and whether anything in it is unknown, of a message that is read with births."""
    topic, at = message["topic"], message["received_at"]
    if message["payload"].startswith(b"-"):
        ended: set[str] = set()
        for part, _ in read_with.before(topic, row):
            if not part:
                break
            ended.add(part)
        told = [_reading(row, n, at, [part, "m", None, 0, None, []]) for n, part in enumerate(sorted(ended))]
        return ("readings" if told else "not_telemetry"), told, False
    if (names := read_with.of(topic, row)) is None:
        return "held", [], False
    numbered = json.loads(message["payload"][1:])
    told = [
        _reading(row, position, at, [topic, names[number], us, value, None, []])
        for position, (number, us, value) in enumerate(numbered)
        if number in names
    ]
    return ("readings" if told else "rejected"), told, len(told) < len(numbered)


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
