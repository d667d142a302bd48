"""The write unit silver: readings, corrections, rejects, outcomes and devices of one batch, in one transaction.

Belongs here: the order of the work, the books. Does not: identity (``settle``, ``redelivery``), decoding, which happens
between ``open_batch`` and ``write`` in the room above, with what ``Messages`` hands out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from iot_assets.lake.landed import REGISTRY_SOURCE
from iot_assets.sections.rules import Rule
from iot_assets.warehouse import births, contract, drift, facts, ledger, quality, registry, repeats
from iot_assets.warehouse.arriving import arrive, shown, told
from iot_assets.warehouse.connection import insert, scalar, stage, transaction
from iot_assets.warehouse.contract import CheckResult, checked
from iot_assets.warehouse.ledger import Batch
from iot_assets.warehouse.queries import filled
from iot_assets.warehouse.redelivery import open_messages, withdraw
from iot_assets.warehouse.reflag import reflag
from iot_assets.warehouse.rules.quarantine import set_apart
from iot_assets.warehouse.settle import settle, take_out
from iot_assets.warehouse.spans import devices_of, inhabited, spans_of, within
from iot_assets.warehouse.tables import (
    CORRECTIONS,
    DEVICE_ROUTES,
    DEVICES,
    DUPLICATE_COUNTS,
    DUPLICATES,
    METRICS,
    OUTCOME_COUNTS,
    OUTCOMES,
    READINGS,
    REJECTS,
    SCHEMA_VERSIONS,
    Table,
)

#: Small tables, judged whole.
_WHOLE = (DEVICES, METRICS, SCHEMA_VERSIONS, DEVICE_ROUTES)
#: Tables whose rows name the batch that wrote them, so that what a batch wrote can be looked at alone.
_BY_BATCH = (OUTCOMES, READINGS, CORRECTIONS, DUPLICATES, REJECTS)


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the decoders made of a batch; rows are tied to messages by ``row``, the message's number in the batch."""

    readings: pa.Table
    rejects: pa.Table
    outcomes: pa.Table
    announcements: pa.Table
    announced_metrics: pa.Table
    births: pa.Table


@dataclass(frozen=True, slots=True)
class Written:
    """What one transaction of silver did."""

    batch_id: int
    messages: int
    outcomes: dict[str, int]
    readings: int
    added: int
    replaced: int
    corrections: int
    duplicates: int
    rejects: int
    reopened: int
    reflagged: int
    checks: list[CheckResult]


def open_batch(connection: duckdb.DuckDBPyConnection, batch: Batch) -> pa.Table:
    """The messages of a batch and those it reopens, in the order of arrival, with their landed columns."""
    open_messages(connection, str(batch.batch_id))
    return batch_messages(connection)


def batch_messages(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """The messages of whatever batch is open."""
    return _of_batch(
        connection,
        "source, topic, payload, content_type, attributes, qos, retain, dup, packet_id, session, received_at",
    )


def brings_registry(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the open batch holds a registry."""
    return bool(scalar(connection, "select count(*) > 0 from batch where source = ?", [REGISTRY_SOURCE]))


def registry_messages(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Every registry landed up to the open batch, in the order of arrival: (received_at, topic, payload)."""
    return connection.sql(
        "select received_at, topic, payload from bronze.messages where source = ?"
        " and (batch_id <= (select max(batch_id) from batch)"
        " or batch_id in (select batch_id from ops.applied where unit = 'silver')) order by received_at, message_id",
        params=[REGISTRY_SOURCE],
    ).to_arrow_table()


def write(
    connection: duckdb.DuckDBPyConnection,
    batch: Batch,
    decoded: Decoded,
    snapshots: list[registry.Snapshot] | None,
    *,
    run_id: str,
    shapes_per_route: int,
    rules: Sequence[Rule] = (),
) -> Written:
    """Settle the open batch into silver.

    Args:
        connection: the one on which ``open_batch`` was called.
        batch: the open batch.
        decoded: its readings, rejects and outcomes, and what devices announce of themselves.
        snapshots: the registry's whole history when the batch brings one, else None.
        run_id: the run to name in the ledger.
        shapes_per_route: how many shapes of messages are told apart (``drift.record``).
        rules: those in force, of which some keep readings out (``quarantine``).

    Raises:
        ContractError: a blocking check failed; nothing was written.
    """
    number = str(batch.batch_id)
    readings = told(decoded.readings, decoded.outcomes, _open_messages(connection))
    with shown(connection, readings), transaction(connection):
        stage(connection, "decoded_rejects", decoded.rejects)
        stage(connection, "decoded_outcomes", decoded.outcomes)
        learned = facts.learn(connection, decoded.announcements, decoded.announced_metrics, snapshots)
        reflagged = reflag(connection, number) if learned else 0
        quality.outdate(
            connection,
            "select device_id, received_at as changed_at from silver.rejects semi join reopened using (message_id)",
        )
        withdraw(connection)
        repeats.take_back(connection)
        take_out(connection, "forgotten")
        arrive(connection, decoded.readings)
        set_apart(connection, rules)
        settle(connection, number)
        repeats.record(connection, number)
        connection.execute(filled("silver/outcomes", batch_id=number))
        _move_books(connection)
        connection.execute(filled("silver/rejects", batch_id=number))
        quality.outdate(
            connection, f"select device_id, received_at as changed_at from silver.rejects where batch_id = {number}"
        )
        quality.outdate(connection, "select device_id, hour_at as changed_at from recounted")
        connection.execute(filled("silver/devices"))
        connection.execute(filled("silver/device_routes"))
        drift.record(connection, shapes_per_route)
        births.record(connection, decoded.births)
        checks = _checks(connection, batch.batch_id)
        contract.judge(checks)
        ledger.mark(connection, "silver", batch.batch_id, run_id, decoded.readings.num_rows)
        return _written(connection, batch, decoded, checks, reflagged)


def _open_messages(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Columns message_id and received_at of the open batch, in the order of arrival."""
    connection.execute("set arrow_lossless_conversion = true")  # ids as they are, and not as text
    try:
        return _of_batch(connection, "message_id, received_at")
    finally:
        connection.execute("set arrow_lossless_conversion = false")


def _of_batch(connection: duckdb.DuckDBPyConnection, columns: str) -> pa.Table:
    """These columns of the open batch, by row."""
    found = connection.sql(f"select row, {columns} from batch").to_arrow_table()
    # So they stand there already, and DuckDB would sort the payloads too.
    steps = pc.pairwise_diff(found["row"].combine_chunks())
    in_order = found if pc.all(pc.equal(steps, 1)).as_py() is not False else found.sort_by("row")
    return in_order.drop_columns("row")


def checks_without_news(connection: duckdb.DuckDBPyConnection) -> list[CheckResult]:
    """The checks of a run that had nothing to decode."""
    open_messages(connection, "-1")
    return _checks(connection, -1)


def _move_books(connection: duckdb.DuckDBPyConnection) -> None:
    lost = spans_of(connection, "(select received_at from leaving where gone)", "received_at")
    connection.execute(filled("silver/displaced", outcomes=within("silver.outcomes", "received_at", lost)))
    for span in lost:
        connection.execute(
            f"delete from silver.outcomes where {span.condition('received_at')}"
            " and message_id in (select message_id from displaced)"
        )
    insert(connection, "silver.outcomes", "select * exclude (outcome_before) from displaced")
    touched = (
        "(select minute_of(received_at) as minute_at from"
        " (select received_at from arriving_outcomes union all select received_at from displaced"
        " union all select received_at from withdrawn))"
    )
    minutes = spans_of(connection, touched, "minute_at")
    connection.execute(filled("silver/outcome_counts", counts=within("silver.outcome_counts", "minute_at", minutes)))
    for span in minutes:
        connection.execute(
            f"delete from silver.outcome_counts where {span.condition('minute_at')}"
            " and (source, minute_at, outcome, landed_on) in"
            " (select (source, minute_at, outcome, landed_on) from changed_counts)"
        )
    connection.execute(
        "insert into silver.outcome_counts by name"
        " select * from changed_counts where messages <> 0 order by minute_at, source, outcome"
    )


def _checks(connection: duckdb.DuckDBPyConnection, batch_id: int) -> list[CheckResult]:
    results = [
        contract.contract(
            connection,
            table,
            among=_neighbours(connection, table, batch_id),
            written=_written_rows(connection, table, batch_id),
        )
        for table in (*_BY_BATCH, OUTCOME_COUNTS, DUPLICATE_COUNTS, *_WHOLE)
    ]
    results += [_books(connection, batch_id), repeats.books(connection, batch_id)]
    return results


def _written_rows(connection: duckdb.DuckDBPyConnection, table: Table, batch_id: int) -> str:
    if table in _BY_BATCH:
        return f"select * from {table.full_name} where batch_id = {batch_id}"
    return _few(connection, table, batch_id)


def _neighbours(connection: duckdb.DuckDBPyConnection, table: Table, batch_id: int) -> str:
    """Rows among which the key of what the batch wrote must be unique."""
    if table not in _BY_BATCH:
        return _few(connection, table, batch_id)
    assert table.time is not None
    key = ", ".join(dict.fromkeys((*table.key, table.time)))
    written = f"(select {key} from {table.full_name} where batch_id = {batch_id})"
    spans = spans_of(connection, written, table.time)
    only = devices_of(connection, written) if "device_id" in table.key else "true"
    columns = f"{key}, {table.keyless}" if table.keyless else key
    of_others = f"{only} and batch_id <> {batch_id}"
    spans = inhabited(connection, table.full_name, table.time, spans, only=of_others)
    others = within(table.full_name, table.time, spans, select=columns, only=of_others)
    same = " and ".join(f"others.{c} is not distinct from written.{c}" for c in table.key)
    return (
        f"select {columns} from {table.full_name} where batch_id = {batch_id}"
        f" union all select others.* from ({others}) others semi join {written} written on {same}"
    )


def _few(connection: duckdb.DuckDBPyConnection, table: Table, batch_id: int) -> str:
    """Rows of a table whose rows do not name their batch: all of a small one, of the counts those touched."""
    if table in _WHOLE:
        return f"select * from {table.full_name}"
    return _counts_touched() if table is OUTCOME_COUNTS else repeats.touched_counts(connection, batch_id)


def _counts_touched() -> str:
    return (
        "select * from silver.outcome_counts where minute_at between"
        " (select minute_of(min(received_at)) from batch)"
        " and (select minute_of(max(received_at)) from batch)"
    )


def _books(connection: duckdb.DuckDBPyConnection, batch_id: int) -> CheckResult:
    """Every message of the batch has exactly one outcome, and the counters of the touched minutes add up."""
    offending = f"""
        select 'message without exactly one outcome' as problem, b.source, b.received_at as at, count(o.message_id) as n
        from batch b
        left join (select message_id from silver.outcomes where batch_id = {batch_id}) o using (message_id)
        group by all
        having count(o.message_id) <> count(*)
        union all
        select 'counter differs from outcomes', source, minute_at, counted - present
        from (
            select source, minute_at, sum(counted) as counted, sum(present) as present
            from (
                select source, minute_at, messages as counted, 0 as present from ({_counts_touched()})
                union all
                select source, minute_of(received_at), 0, 1 from silver.outcomes
                where received_at >= (select minute_of(min(received_at)) from batch)
                    and received_at < (select minute_of(max(received_at)) from batch) + interval 1 minute
            )
            group by all
        )
        where counted <> present and minute_at >= (select coalesce(max(before_at), '-infinity') from ops.pruned)
    """
    description = (
        "Every landed message has exactly one outcome, and the counters of the touched minutes add up to them."
    )
    return checked(connection, OUTCOMES, "books_balance", offending, blocking=True, description=description)


def _written(
    connection: duckdb.DuckDBPyConnection, batch: Batch, decoded: Decoded, checks: list[CheckResult], reflagged: int
) -> Written:
    outcomes = dict(
        connection.execute("select outcome, count(*) from arriving_outcomes group by outcome order by 1").fetchall()
    )

    def count(sql: str) -> int:
        return int(scalar(connection, f"select count(*) from {sql}"))

    return Written(
        batch_id=batch.batch_id,
        messages=batch.rows,
        outcomes=outcomes,
        readings=decoded.readings.num_rows,
        added=count("settled where holds and place <> 'readings'"),
        replaced=count("leaving where place = 'readings'"),
        corrections=count("settled where not holds and place <> 'corrections'"),
        duplicates=count("repeated"),
        rejects=count(f"silver.rejects where batch_id = {batch.batch_id}"),
        reopened=count("reopened"),
        reflagged=reflagged,
        checks=checks,
    )
