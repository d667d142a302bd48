"""The unit silver: messages become readings, rejects and outcomes; the registry becomes devices and metrics."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import duckdb
import pyarrow as pa

from iot_assets.assets.registry import registry_checks, snapshots
from iot_assets.assets.results import age_seconds, blocked, emit, latest_of, markdown, seconds_since, table_metadata
from iot_assets.assets.retries import RETRIES
from iot_assets.assets.specs import check_specs_of, key_of, spec_of
from iot_assets.assets.unrouted import unrouted
from iot_assets.assets.versions import behind, parts
from iot_assets.assets.watching import drift_check, errors_check, lag_check
from iot_assets.decoders.decode import decode
from iot_assets.decoders.decoded import Bounds
from iot_assets.decoders.routes import RouteTable
from iot_assets.errors import ContractError
from iot_assets.resources import POOL, WarehouseResource, bounds, route_table
from iot_assets.sections.rules import Rule, in_force
from iot_assets.settings import Settings
from iot_assets.warehouse import births, ledger, made_by
from iot_assets.warehouse import silver as unit
from iot_assets.warehouse.connection import pace, rows, scalar
from iot_assets.warehouse.contract import CheckResult
from iot_assets.warehouse.replay import Choice, open_rejects
from iot_assets.warehouse.tables import (
    CORRECTIONS,
    DEVICE_ROUTES,
    DEVICES,
    DUPLICATE_COUNTS,
    DUPLICATES,
    MESSAGES,
    METRICS,
    OUTCOME_COUNTS,
    OUTCOMES,
    READINGS,
    REJECTS,
    SCHEMA_VERSIONS,
    Table,
)

_TABLES = (
    READINGS,
    OUTCOMES,
    REJECTS,
    CORRECTIONS,
    DUPLICATES,
    DUPLICATE_COUNTS,
    DEVICES,
    METRICS,
    SCHEMA_VERSIONS,
    DEVICE_ROUTES,
    OUTCOME_COUNTS,
)


@dg.multi_asset(
    name="silver",
    specs=[spec_of(table, [key_of(MESSAGES)]) for table in _TABLES],
    check_specs=[check for table in _TABLES for check in check_specs_of(table)],
    can_subset=True,
    pool=POOL,
    retry_policy=RETRIES,
)
def silver(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings], warehouse: WarehouseResource
) -> Iterator[Any]:
    """Decode what is new in bronze and settle it, exactly once."""
    began = time.monotonic()
    try:
        with warehouse.get_connection() as connection:
            written = settle_pending(connection, settings, context.run.run_id)
            checks = [c for w in written for c in w.checks] or unit.checks_without_news(connection)
            drift = drift_check(connection, settings)
            checks += [lag_check(connection, settings), drift, *registry_checks(connection, settings)]
            checks.append(_errors(connection, written, settings))
            checks = latest_of(checks)
            ledger.log(connection, context.run.run_id, checks)
            tables = metadata(connection, written, drift)
            older = behind(connection, settings)
    except ContractError as error:
        yield from blocked(error, warehouse, context.run.run_id)
        return
    tables[READINGS]["seconds"] = seconds_since(began)
    yield from emit(context, tables, checks, older)


def settle_pending(connection: duckdb.DuckDBPyConnection, settings: Settings, run_id: str) -> list[unit.Written]:
    """Decode and settle each batch that silver has not applied, a transaction each."""
    settler = _settler(connection, settings, run_id)
    pending = ledger.pending(connection, "silver")
    pace(connection, sum(batch.rows for batch in pending))
    if pending:
        made_by.note(connection, parts(settings))
    written = [settler.settle(batch, unit.open_batch(connection, batch)) for batch in pending]
    return written + settler.read_again(settings.warehouse.batch_messages)


def replay_rejects(
    connection: duckdb.DuckDBPyConnection, settings: Settings, choice: Choice, run_id: str
) -> list[unit.Written]:
    """Decode the chosen rejects again and settle what comes of it, each reject once."""
    settler = _settler(connection, settings, run_id)
    since, written = datetime.now(UTC), []
    most = settings.warehouse.batch_messages
    while opened := open_rejects(connection, choice, since=since, most=most, run_id=run_id):
        written.append(settler.settle(*opened))
    return written + settler.read_again(most)


@dataclass(frozen=True, slots=True)
class Settler:
    """Decodes the open batch and settles it."""

    connection: duckdb.DuckDBPyConnection
    routes: RouteTable
    bounds: Bounds
    run_id: str
    shapes_per_route: int
    rules: tuple[Rule, ...]

    def settle(self, batch: ledger.Batch, messages: pa.Table) -> unit.Written:
        """One transaction of silver."""
        threads = int(scalar(self.connection, "select current_setting('threads')"))
        known = births.known(self.connection)
        decoded = decode(messages, self.routes, self.bounds, known, threads=threads)
        history = snapshots(self.connection) if unit.brings_registry(self.connection) else None
        ready = unit.Decoded(
            decoded.readings,
            decoded.rejects,
            decoded.outcomes,
            decoded.announcements,
            decoded.announced_metrics,
            decoded.births,
        )
        return unit.write(
            self.connection,
            batch,
            ready,
            history,
            run_id=self.run_id,
            shapes_per_route=self.shapes_per_route,
            rules=self.rules,
        )

    def read_again(self, most: int) -> list[unit.Written]:
        """Settle again what a birth that came late has shown in another light, a transaction each ``most`` messages."""
        written = []
        while batch := births.open_rereads(self.connection, most=most, run_id=self.run_id):
            written.append(self.settle(batch, unit.batch_messages(self.connection)))
        return written


def _settler(connection: duckdb.DuckDBPyConnection, settings: Settings, run_id: str) -> Settler:
    shapes, rules = settings.drift.shapes_per_route, in_force(settings.rules)
    return Settler(connection, route_table(settings), bounds(settings), run_id, shapes, rules)


def metadata(
    connection: duckdb.DuckDBPyConnection, written: list[unit.Written], drift: CheckResult
) -> dict[Table, dict[str, Any]]:
    """Metadata of silver's tables after these transactions; ``drift`` is what changed of late in what devices send."""
    outcomes = _outcomes(written)
    messages = sum(w.messages for w in written)
    common = {"messages_in": messages}
    newest = scalar(connection, "select max(event_at) from gold.latest")
    per_table: dict[Table, dict[str, Any]] = {
        READINGS: {
            "rows_in": sum(w.readings for w in written),
            "rows_out": sum(w.added for w in written),
            "replaced": sum(w.replaced for w in written),
        },
        OUTCOMES: {f"messages_{name}": count for name, count in sorted(outcomes.items())},
        REJECTS: {"rows_out": sum(w.rejects for w in written), **_reject_groups(connection), **unrouted(connection)},
        CORRECTIONS: {"rows_out": sum(w.corrections for w in written)},
        DUPLICATES: {"rows_out": sum(w.duplicates for w in written)},
        SCHEMA_VERSIONS: {
            **drift.facts,
            **({"changes": dg.MetadataValue.md(markdown(drift.sample))} if drift.sample else {}),
        },
    }
    if written:
        newest = scalar(
            connection, "select max(event_at) from silver.readings where batch_id >= ?", [written[0].batch_id]
        )
    if newest is not None:
        per_table[READINGS]["newest_event_at"] = dg.MetadataValue.timestamp(newest.timestamp())
        per_table[READINGS]["lag_seconds"] = age_seconds(newest.timestamp())
    return {
        table: table_metadata(connection, table, {**common, **per_table.get(table, {})}, news=messages > 0)
        for table in _TABLES
    }


def _outcomes(written: list[unit.Written]) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    for w in written:
        outcomes.update(w.outcomes)
    return outcomes


def _errors(connection: duckdb.DuckDBPyConnection, written: list[unit.Written], settings: Settings) -> CheckResult:
    return errors_check(connection, _outcomes(written), written[0].batch_id if written else None, settings)


def _reject_groups(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Rejects by reason and topic, most first, with an example: what to mend first."""
    groups = rows(
        connection,
        "select reason, topic, count(*) as rejects, max(received_at) as last_at, any_value(detail) as example"
        " from silver.rejects group by reason, topic order by rejects desc, reason, topic limit 10",
    )
    return {"most_common": dg.MetadataValue.md(markdown(groups))} if groups else {}
