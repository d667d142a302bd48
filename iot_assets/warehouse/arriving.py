"""Arriving: the decoded readings of the open batch, each with what is kept of its message.

Belongs here: making ``decoded_readings`` and ``arriving``, on which settling builds, of what was decoded. Does not:
what becomes of them (``settle``).

They stay the Arrow columns that the decoders made, and are read where they stand: there are six readings to a message,
and each time they were copied into a table it took as long as decoding them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import duckdb
import pyarrow as pa

from iot_assets.warehouse.connection import lent, scalar
from iot_assets.warehouse.queries import filled, query

#: Of its message each reading has these.
_OF_MESSAGE: Final = ("message_id", "received_at")
#: And these, by which the message was read. They repeat.
_OF_OUTCOME: Final = ("route", "sender", "keep_all")
#: Whether the registry has anything to say. Devices that were merely seen are none that it names.
_KNOWS: Final = """
    select exists (from silver.metrics) or exists (from silver.devices where origin <> 'seen')
    """
_SHOWN: Final = """
    create or replace temp view decoded_readings as
    select * replace (coalesce(message_id, uuid '00000000-0000-0000-0000-000000000000') as message_id)
    from decoded_columns
    """


def told(readings: pa.Table, outcomes: pa.Table, messages: pa.Table) -> pa.Table:
    """The readings with the columns message_id, received_at, route, sender and keep_all of their messages.

    Args:
        readings: with ``row``, the index of their message in the two others.
        outcomes: the outcome of each message, in the order of the batch.
        messages: the messages, in the same order; only message_id and received_at are read.
    """
    row = readings["row"]
    for table, names in ((messages, _OF_MESSAGE), (outcomes, _OF_OUTCOME)):
        for name in names:
            readings = readings.append_column(name, _taken(table[name], row))
    return readings


@contextmanager
def shown(connection: duckdb.DuckDBPyConnection, readings: pa.Table) -> Iterator[None]:
    """Show what was ``told`` as the view ``decoded_readings`` for as long as the body lasts."""
    with lent(connection, "decoded_columns", readings):
        connection.execute(_SHOWN)
        yield


def arrive(connection: duckdb.DuckDBPyConnection, readings: pa.Table) -> None:
    """Make the view ``arriving`` of ``decoded_readings``, with what the registry says of them."""
    some = scalar(connection, "select count(*) from redelivered")
    redelivered = "redelivered" if some else "(from redelivered limit 0)"
    declared = readings["declared_id"].null_count < len(readings)
    named = f"({query('silver/named')})" if declared else "decoded_readings"
    unjudged = filled("silver/arriving", readings=named, redelivered=redelivered)
    if declared or scalar(connection, _KNOWS):
        connection.execute(filled("silver/judged", judged="judged", unjudged=f"({unjudged})"))
        arriving = "from judged"
    else:
        arriving = f"select *, []::varchar[] as from_registry from ({unjudged})"
    connection.execute(f"create or replace temp view arriving as {arriving}")


def _taken(column: pa.ChunkedArray, row: pa.ChunkedArray) -> pa.ChunkedArray:
    if column.null_count == len(column):
        return pa.nulls(len(row), column.type)
    column = column.combine_chunks()
    return (column.dictionary_encode() if pa.types.is_string(column.type) else column).take(row)
