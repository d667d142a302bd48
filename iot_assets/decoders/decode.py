"""Decoding a batch: route each topic, decode each group at once, put the pieces together.

Belongs here: the order of the work and the promise that each message comes out exactly once, whatever fails.
Does not: what any payload means.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import duckdb
import pyarrow as pa

from iot_assets.decoders import judge
from iot_assets.decoders.decoded import (
    ANNOUNCEMENTS_SCHEMA,
    NOT_TELEMETRY,
    OUTCOMES_SCHEMA,
    READINGS,
    READINGS_SCHEMA,
    REJECTED,
    REJECTS_SCHEMA,
    STATE_SCHEMA,
    Bounds,
    Decoded,
    State,
)
from iot_assets.decoders.registry import RegistryFault, decode_registry
from iot_assets.lake.landed import REGISTRY_SOURCE

if TYPE_CHECKING:
    from iot_assets.decoders.routes import Group, RouteTable

_COLUMNS: Final = pa.schema(
    [
        pa.field("source", pa.string()),
        pa.field("topic", pa.string()),
        pa.field("payload", pa.binary()),
        pa.field("received_at", pa.timestamp("us", tz="UTC")),
    ]
)
#: Once so many messages of a group have failed one by one, those in pieces that still fail are not tried singly.
_MOST_SINGLE_FAILURES: Final = 100
_TOPICS: Final = pa.schema(
    [
        pa.field("topic", pa.string()),
        pa.field("route", pa.int32()),
        pa.field("grp", pa.int32()),
        pa.field("device_prefix", pa.string()),
        pa.field("device_captured", pa.string()),
        pa.field("device_suffix", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    readings: pa.Table = field(default_factory=READINGS_SCHEMA.empty_table)
    rejects: pa.Table = field(default_factory=REJECTS_SCHEMA.empty_table)


def decode(messages: pa.Table, routes: RouteTable, bounds: Bounds, state: State | None = None) -> Decoded:
    """Readings, rejects and the outcome of each of these landed messages.

    Never raises because of what is in a payload or topic.

    Args:
        messages: landed messages (``lake.landed.LANDED_SCHEMA``; only source, topic, payload and received_at are read),
            in any order. ``row`` in the results is the index here.
        routes: which topic follows which convention.
        bounds: what is too large, too old or too far in the future.
        state: what conventions remembered from the batch before.
    """
    batch = messages.select(_COLUMNS.names).cast(_COLUMNS)
    batch = batch.append_column("row", pa.array(range(len(batch)), pa.int64()))
    with connect() as con:
        con.register("batch", batch)
        _route(con, routes)
        pieces = [_decode_registry(con), _reject_unrouted(con)]
        numbers = con.execute("select distinct grp from topics where grp >= 0 order by grp").fetchall()
        for (number,) in numbers:
            pieces += _decode_group(con, batch, number, routes.groups[number], bounds)
        readings = _concat(READINGS_SCHEMA, [piece.readings for piece in pieces])
        rejects = _concat(REJECTS_SCHEMA, [piece.rejects for piece in pieces])
        outcomes = _outcomes(con, routes, readings, rejects)
    return Decoded(
        readings=readings,
        rejects=rejects,
        outcomes=outcomes,
        announcements=ANNOUNCEMENTS_SCHEMA.empty_table(),
        state=state if state is not None else STATE_SCHEMA.empty_table(),
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
        },
    )
    con.execute("set global TimeZone = 'UTC'")
    return con


def _route(con: duckdb.DuckDBPyConnection, routes: RouteTable) -> None:
    """Make ``topics``: of each distinct topic the route, the group and what it says of the device."""
    rows = []
    for (topic,) in con.execute("select distinct topic from batch where source <> ?", [REGISTRY_SOURCE]).fetchall():
        if (found := routes.match(topic)) is None:
            rows.append((topic, None, -1, None, None, None))
            continue
        index, captures = found
        device = routes.device_name(index, captures)
        rows.append((topic, index, routes.group_of[index], device.prefix, device.captured, device.suffix))
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in _TOPICS]
    con.register("topics_batch", pa.table(columns, schema=_TOPICS))
    # A table of the database itself, not a temporary one: each attempt has a connection of its own.
    con.execute("create table topics as select * from topics_batch")


def _decode_registry(con: duckdb.DuckDBPyConnection) -> _Piece:
    found = con.execute("select row, payload from batch where source = ? order by row", [REGISTRY_SOURCE]).fetchall()
    faults = [(row, decode_registry(payload)) for row, payload in found]
    return _Piece(
        rejects=_rejects([(n, f.reason, f.detail) for n, f in faults if isinstance(f, RegistryFault)], REGISTRY_SOURCE)
    )


def _reject_unrouted(con: duckdb.DuckDBPyConnection) -> _Piece:
    found = con.sql(
        f"""
        select row, 'no_route' as reason, topic as detail, null::varchar as decoder
        from batch join topics using (topic)
        where grp < 0 and source <> '{REGISTRY_SOURCE}'
        """
    )
    return _Piece(rejects=found.to_arrow_table())


def _decode_group(
    con: duckdb.DuckDBPyConnection, batch: pa.Table, number: int, group: Group, bounds: Bounds
) -> Iterator[_Piece]:
    """The group at once; where that fails, by halves down to the messages that fail alone."""
    waiting = [batch]
    failed = 0
    while waiting:
        part = waiting.pop()
        try:
            yield _attempt(con, part, number, group, bounds)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is ours, and the other messages must come through
            if len(part) > 1 and failed < _MOST_SINGLE_FAILURES:
                half = len(part) // 2
                waiting += [part.slice(half), part.slice(0, half)]
                continue
            failed += len(part)
            yield _failed(con, part, number, group, error)


def _attempt(con: duckdb.DuckDBPyConnection, part: pa.Table, number: int, group: Group, bounds: Bounds) -> _Piece:
    with con.cursor() as own:  # its temporary tables vanish with it
        _intake(own, part, number)
        group.convention.engine.read(own, group.options, bounds)
        judge.judge_records(own, group.options, bounds)
        rejects = judge.rejects(own)
        named = rejects.append_column("decoder", pa.repeat(pa.scalar(group.name), len(rejects)))
        return _Piece(readings=judge.readings(own, group.options), rejects=named)


def _failed(con: duckdb.DuckDBPyConnection, part: pa.Table, number: int, group: Group, error: Exception) -> _Piece:
    with con.cursor() as own:
        _intake(own, part, number)
        rows = own.execute("select row from intake").fetchall()
    detail = f"{type(error).__name__}: {error}"[:1000]
    return _Piece(rejects=_rejects([(row, "decoder_failed", detail) for (row,) in rows], group.name))


def _intake(con: duckdb.DuckDBPyConnection, part: pa.Table, number: int) -> None:
    con.register("part", part)
    con.execute(
        f"""
        create temp view intake as
        select row, received_at, payload, device_prefix, device_captured, device_suffix
        from part join topics using (topic)
        where grp = {number} and source <> '{REGISTRY_SOURCE}'
        """
    )


def _rejects(rows: list[tuple[int, str, str]], decoder: str) -> pa.Table:
    columns = [*zip(*rows, strict=True)] or [(), (), ()]
    return pa.table([*map(list, columns), [decoder] * len(rows)], schema=REJECTS_SCHEMA)


def _concat(schema: pa.Schema, tables: list[pa.Table]) -> pa.Table:
    return pa.concat_tables([schema.empty_table(), *(table.select(schema.names).cast(schema) for table in tables)])


def _outcomes(con: duckdb.DuckDBPyConnection, routes: RouteTable, readings: pa.Table, rejects: pa.Table) -> pa.Table:
    con.register("all_readings", readings.select(["row"]))
    con.register("all_rejects", rejects.select(["row"]))
    patterns = [(n, route.topic, route.convention) for n, route in enumerate(routes.routes)]
    columns = [*zip(*patterns, strict=True)] or [(), (), ()]
    con.register("routes", pa.table([*map(list, columns)], names=["route", "pattern", "convention"]))
    found = con.sql(
        f"""
        select b.row,
            case
                when b.row in (select row from all_readings) then '{READINGS}'
                when b.row in (select row from all_rejects) then '{REJECTED}'
                else '{NOT_TELEMETRY}'
            end as status,
            case when b.source <> '{REGISTRY_SOURCE}' then r.pattern end as route,
            case when b.source <> '{REGISTRY_SOURCE}' then r.convention else '{REGISTRY_SOURCE}' end as decoder
        from batch b left join topics t using (topic) left join routes r using (route)
        order by b.row
        """
    )
    return found.to_arrow_table().cast(OUTCOMES_SCHEMA)
