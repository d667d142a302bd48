"""Rebuilding: forget what some landed days brought, so that the ordinary path enters them again from the lake.

There is one way into the tables, not two: after ``forget`` the ledger no longer knows those files, and the next run of
bronze, silver and gold takes them in like any others. Killed between the two, the next minute does the rest.

A rebuild of all days is exact. So is one of some days while the decoders are as they were. After a change of decoder,
a reading that only a duplicate received on *another* day would now bring comes back when that day is rebuilt too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import duckdb

from iot_assets.warehouse import history, quality
from iot_assets.warehouse.connection import scalar, transaction
from iot_assets.warehouse.queries import filled
from iot_assets.warehouse.settle import settle, take_out
from iot_assets.warehouse.spans import merge, spans_of, within

#: Tables whose rows are messages, or what one message alone says.
_OF_MESSAGES: Final = (
    "silver.outcomes",
    "silver.duplicates",
    "silver.rejects",
    "ops.device_facts",
    "ops.metric_facts",
    "bronze.messages",
)
_WHAT_WAS_SAID: Final = "device_id, metric, event_at, value, value_text, unit, flags, received_at, message_id, position"
#: Tables whose rows say by which landed day they were counted.
_BY_LANDED_DAY: Final = ("silver.outcome_counts", "silver.duplicate_counts", "silver.schema_versions")


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was taken out, to be brought in again."""

    day: date
    files: int
    readings: int


def forget(connection: duckdb.DuckDBPyConnection, day: date) -> Forgotten:
    """Take all that the files landed on ``day`` brought out of every table, in one transaction."""
    with transaction(connection):
        connection.execute(
            "create or replace temp table forgotten_files as"
            " select * from bronze.files where landed_on = ? and state = 'entered'",
            [day],
        )
        files = int(scalar(connection, "select count(*) from forgotten_files"))
        received = spans_of(
            connection,
            "(select first_received_at as received_at from forgotten_files where first_received_at is not null"
            " union all select last_received_at from forgotten_files where last_received_at is not null)",
            "received_at",
        )
        received = merge(received, most=1)
        history.thaw_received(connection, received)
        connection.execute(
            filled(
                "silver/forgotten",
                columns=_WHAT_WAS_SAID,
                readings=within("silver.readings", "received_at", received),
                corrections=within("silver.corrections", "received_at", received),
            )
        )
        take_out(connection, "forgotten")
        connection.execute(
            "create or replace temp view arriving as select * exclude (batch_id) from silver.readings limit 0"
        )
        settle(connection, "0")
        for table, at in (("silver.rejects", "received_at"), ("silver.duplicates", "event_at")):
            rows = within(table, "received_at", received, select=f"device_id, {at} as changed_at")
            quality.outdate(connection, rows)
        for table in _OF_MESSAGES:
            for span in received:
                connection.execute(
                    f"delete from {table} where {span.condition('received_at')} and message_id in (select t.message_id"
                    f" from {table} t asof join forgotten_files f on t.message_id >= f.first_message_id"
                    f" where t.message_id <= f.last_message_id and {span.condition('t.received_at')})"
                )
        for table in _BY_LANDED_DAY:
            connection.execute(f"delete from {table} where landed_on = ?", [day])
        connection.execute("delete from ops.made_by where landed_on = ?", [day])
        connection.execute("delete from bronze.files where landed_on = ? and state = 'entered'", [day])
        return Forgotten(day, files, int(scalar(connection, "select count(*) from forgotten")))
