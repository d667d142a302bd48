"""Decoding a batch: route each topic, decode each group at once, put the pieces together.

Belongs here: the order of the work and the promise that each message comes out exactly once, whatever fails.
Does not: what any payload means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from iot_assets.decoders.announced import announced, senders
from iot_assets.decoders.assemble import assemble, distinct
from iot_assets.decoders.births import Births, found_births
from iot_assets.decoders.decoded import (
    ANNOUNCED_METRICS_SCHEMA,
    ANNOUNCEMENTS_SCHEMA,
    BIRTHS_SCHEMA,
    HELD,
    NOT_TELEMETRY,
    OUTCOMES_SCHEMA,
    READINGS,
    READINGS_SCHEMA,
    REJECTED,
    REJECTS_SCHEMA,
    Bounds,
    Decoded,
)
from iot_assets.decoders.found import SENDERS_SCHEMA
from iot_assets.decoders.judge import judge
from iot_assets.decoders.registry import RegistryFault, decode_registry
from iot_assets.decoders.routing import routed
from iot_assets.decoders.unpacked import unpacked
from iot_assets.lake.landed import REGISTRY_SOURCE

if TYPE_CHECKING:
    from iot_assets.decoders.routes import RouteTable

_COLUMNS: Final = pa.schema(
    [
        pa.field("source", pa.string()),
        pa.field("topic", pa.string()),
        pa.field("payload", pa.binary()),
        pa.field("content_type", pa.string()),
        pa.field("attributes", pa.string()),
        pa.field("received_at", pa.timestamp("us", tz="UTC")),
    ]
)
#: Once so many messages of a group have failed one by one, pieces that still fail are not taken apart any more.
_MOST_SINGLE_FAILURES: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    readings: pa.Table = field(default_factory=READINGS_SCHEMA.empty_table)
    rejects: pa.Table = field(default_factory=REJECTS_SCHEMA.empty_table)
    announcements: pa.Table = field(default_factory=ANNOUNCEMENTS_SCHEMA.empty_table)
    announced_metrics: pa.Table = field(default_factory=ANNOUNCED_METRICS_SCHEMA.empty_table)
    not_telemetry: pa.Array = field(default_factory=lambda: pa.array([], pa.int64()))
    held: pa.Array = field(default_factory=lambda: pa.array([], pa.int64()))
    senders: pa.Table = field(default_factory=SENDERS_SCHEMA.empty_table)


def decode(
    messages: pa.Table, routes: RouteTable, bounds: Bounds, known: pa.Table | None = None, *, threads: int = 1
) -> Decoded:
    """Readings, rejects and the outcome of each of these landed messages.

    Never raises because of what is in a payload or topic. Readings and rejects come in no particular order.

    Args:
        messages: landed messages (``lake.landed.LANDED_SCHEMA``; only source, topic, payload, content_type, attributes
            and received_at are read), in the order of arrival. ``row`` in the results is the index here.
        routes: which topic follows which convention.
        bounds: what is too large, too old or too far in the future.
        known: births from before the batch that its topics may need (``BIRTHS_SCHEMA``), in the order of arrival.
        threads: into so many parts the batch is cut, which are decoded at the same time; what comes out is the same.
    """
    known = BIRTHS_SCHEMA.empty_table() if known is None else known.select(BIRTHS_SCHEMA.names).cast(BIRTHS_SCHEMA)
    batch = messages.select(_COLUMNS.names).cast(_COLUMNS)
    batch = unpacked(batch, bounds.max_payload_bytes)
    batch = routed(batch.append_column("row", pa.array(range(len(batch)), pa.int64())), routes)
    pieces, births = [_decode_registry(batch), _reject_unrouted(batch)], []
    parts, apart = _cut(batch, threads), []
    with connect() as con:
        for number in sorted(set(pc.unique(batch["group"]).to_pylist()) - {None}):
            name, read = routes.groups[number].name, partial(_attempt, number=number, routes=routes, bounds=bounds)
            if (reader := routes.groups[number].convention.engine.births) is not None:
                births.append(found_births(batch, number, reader, bounds))
                read = partial(
                    read, births=Births(pa.concat_tables([known, births[-1]]), len(known), reader.understand)
                )
            elif len(parts) > 1:
                apart.append((number, name, read))
                continue
            pieces += _decode_group(batch, number, name, partial(read, con))
    if apart:
        pieces += _decode_parts(parts, apart)
    readings = _concat(READINGS_SCHEMA, [piece.readings for piece in pieces])
    rejects = _concat(REJECTS_SCHEMA, [piece.rejects for piece in pieces])
    return Decoded(
        readings=readings,
        rejects=rejects,
        outcomes=_outcomes(batch, routes, readings, rejects, pieces),
        announcements=_concat(ANNOUNCEMENTS_SCHEMA, [piece.announcements for piece in pieces]),
        announced_metrics=_concat(ANNOUNCED_METRICS_SCHEMA, [piece.announced_metrics for piece in pieces]),
        births=_concat(BIRTHS_SCHEMA, births),
    )


def connect() -> duckdb.DuckDBPyConnection:
    """A DuckDB of its own, in memory, that reaches no file, no network and no extension that is not built in."""
    con = duckdb.connect(
        ":memory:",
        config={
            "enable_external_access": "false",
            "temp_directory": "",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            # A second thread was measured to cost twice the processor time and to make no batch faster: the steps are
            # short. Large batches are decoded in parts instead, each with a DuckDB of its own.
            "threads": "1",
        },
    )
    con.execute("set global TimeZone = 'UTC'")
    return con


def _decode_registry(batch: pa.Table) -> _Piece:
    rows = batch.select(["row", "source"]).filter(pc.field("source") == REGISTRY_SOURCE)["row"].to_pylist()
    faults = []
    for row in rows:
        payload = batch["payload"][row].as_py()
        if isinstance(found := decode_registry(payload, batch["topic"][row].as_py()), RegistryFault):
            faults.append((row, found.reason, found.detail))
    return _Piece(rejects=_rejects(faults, REGISTRY_SOURCE), not_telemetry=pa.array(rows, pa.int64()))


def _reject_unrouted(batch: pa.Table) -> _Piece:
    lost = batch.select(["row", "source", "topic", "group"]).filter(
        pc.field("group").is_null() & (pc.field("source") != REGISTRY_SOURCE)
    )
    reason, nobody = pa.repeat(pa.scalar("no_route"), len(lost)), pa.nulls(len(lost), pa.string())
    return _Piece(rejects=pa.table([lost["row"], reason, lost["topic"], nobody, nobody], schema=REJECTS_SCHEMA))


def _cut(batch: pa.Table, parts: int) -> list[pa.Table]:
    size = -(-len(batch) // parts) or 1
    return [batch.slice(start, size) for start in range(0, len(batch), size)]


def _decode_parts(
    parts: Sequence[pa.Table],
    groups: Sequence[tuple[int, str, Callable[[duckdb.DuckDBPyConnection, pa.Table], _Piece]]],
) -> list[_Piece]:
    """The groups in several parts at the same time, each by a DuckDB of its own: no message has to do with another."""

    def decoded(part: pa.Table) -> list[_Piece]:
        with connect() as con:
            return [
                piece
                for number, name, read in groups
                for piece in _decode_group(part, number, name, partial(read, con))
            ]

    with ThreadPoolExecutor(len(parts), "decode") as pool:
        return [piece for pieces in pool.map(decoded, parts) for piece in pieces]


def _decode_group(batch: pa.Table, number: int, name: str, read: Callable[[pa.Table], _Piece]) -> Iterator[_Piece]:
    """The group at once; where that fails, by halves down to the messages that fail alone."""
    waiting = [batch]
    failed = 0
    while waiting:
        part = waiting.pop()
        try:
            yield read(part)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is ours, and the other messages must come through
            if len(part) > 1 and failed < _MOST_SINGLE_FAILURES:
                half = len(part) // 2
                waiting += [part.slice(half), part.slice(0, half)]
                continue
            rows = part.filter(pc.field("group") == number)["row"].to_pylist()
            failed += len(rows)
            detail = f"{type(error).__name__}: {error}"[:1000]
            yield _Piece(rejects=_rejects([(row, "decoder_failed", detail) for row in rows], name))


def _attempt(
    con: duckdb.DuckDBPyConnection,
    part: pa.Table,
    *,
    number: int,
    routes: RouteTable,
    bounds: Bounds,
    births: Births | None = None,
) -> _Piece:
    group = routes.groups[number]
    with con.cursor() as own:  # a connection of its own, whose temporary tables vanish with it
        own.register("part", part)
        own.execute(
            f"""
            create temp view intake as
            select row, received_at, topic, captures, payload, content_type, attributes,
                device_prefix, device_captured, device_suffix, device_default
            from part
            where "group" = {number}
            """
        )
        read = group.convention.engine.read if births is None else partial(group.convention.engine.read, births=births)
        found = read(own, group.options, bounds)
        readings, rejects = assemble(own, found, judge(own, group.options, bounds), group.options)
        announcements, announced_metrics = announced(own, found, routes)
        sent_by = senders(own, found)
    return _Piece(
        readings=readings,
        rejects=rejects.append_column("decoder", pa.repeat(pa.scalar(group.name), len(rejects))),
        announcements=announcements,
        announced_metrics=announced_metrics,
        not_telemetry=found.not_telemetry,
        held=found.held,
        senders=sent_by,
    )


def _rejects(rows: list[tuple[int, str, str]], decoder: str) -> pa.Table:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], []]
    return pa.table([*columns, [decoder] * len(rows), pa.nulls(len(rows), pa.string())], schema=REJECTS_SCHEMA)


def _concat(schema: pa.Schema, tables: list[pa.Table]) -> pa.Table:
    return pa.concat_tables([schema.empty_table(), *(table.select(schema.names).cast(schema) for table in tables)])


def _outcomes(
    batch: pa.Table, routes: RouteTable, readings: pa.Table, rejects: pa.Table, pieces: list[_Piece]
) -> pa.Table:
    """What became of each message: it gave readings, else it was rejected, else it waits, else it is no telemetry."""
    has_readings = pc.is_in(batch["row"], value_set=distinct(readings["row"]))
    has_reject = pc.is_in(batch["row"], value_set=rejects["row"])
    is_held = pc.is_in(batch["row"], value_set=pa.concat_arrays([piece.held for piece in pieces]))
    status = pa.array([READINGS, REJECTED, HELD, NOT_TELEMETRY]).take(
        pc.if_else(has_readings, 0, pc.if_else(has_reject, 1, pc.if_else(is_held, 2, 3)))
    )
    patterns = pa.array([route.topic for route in routes.routes], pa.string())
    conventions = pa.array([*(route.convention for route in routes.routes), REGISTRY_SOURCE], pa.string())
    is_registry = pc.equal(batch["source"], REGISTRY_SOURCE)
    decoder = conventions.take(pc.if_else(is_registry, len(conventions) - 1, batch["route"]))
    sent = pa.concat_tables([piece.senders for piece in pieces])
    sender = sent["device_id"].take(pc.index_in(batch["row"], value_set=sent["row"]))
    kept = pa.array([routes.groups[group].options.keep_all or None for group in routes.group_of], pa.bool_())
    columns = [batch["row"], status, patterns.take(batch["route"]), decoder, sender, kept.take(batch["route"])]
    return pa.table(columns, schema=OUTCOMES_SCHEMA)
