"""Settling: what silver's readings and corrections become when some arrive and some are taken out.

Belongs here: the order of the statements that keep identity (first arrival, corrections), and deleting listed rows.
Does not: where the arriving come from (``silver``), the rules themselves (``sql/silver/settled.sql``). The live tail
weighs by the same rules what no run has taken yet (``serving/live``).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import duckdb

from iot_assets.warehouse import history
from iot_assets.warehouse.connection import insert, scalar
from iot_assets.warehouse.queries import filled
from iot_assets.warehouse.spans import devices_of, inhabited, ordered, spans_of, within

# What has a declared id may stand anywhere in its day.
_TOUCHED: Final = """(
    select device_id, event_at from arriving
    union all select device_id, event_at from forgotten
    union all
    select device_id,
        unnest([date_trunc('day', event_at), date_trunc('day', event_at) + interval 1 day - interval 1 microsecond])
    from arriving where declared_id is not null
    )"""
_CLAIMS: Final = """
    select hash(device_id, metric, event_at) as claim from arriving
    union all
    select hash(device_id, metric, event_at) from incumbents"""
_ALONE: Final = "from arriving where declared_id is null and hash(device_id, metric, event_at) not in (from contested)"
#: What tells a row of readings or corrections from all others.
_ROW: Final = "device_id, metric, event_at, message_id, position"
#: Where rows of ``settled`` belong that do not stand there yet.
_NEW: Final = MappingProxyType(
    {
        "silver.readings": "holds and place <> 'readings'",
        "silver.corrections": "not holds and place <> 'corrections'",
    }
)


def settle(connection: duckdb.DuckDBPyConnection, number: str) -> None:
    """Bring readings and corrections to what the temporary tables ``arriving`` and ``forgotten`` make of them."""
    history.thaw(connection, "readings", _TOUCHED, "event_at")
    weigh(connection, number)
    take_out(connection, "leaving")
    by = ordered(connection, "settled", "event_at", "device_id", "metric")
    for table, which in _NEW.items():
        insert(connection, table, filled("silver/readings", batch_id=number, which=which, ordered=by))
    # A table that is said to be empty is in no plan; where it only happens to be, DuckDB hashes all that is beside it.
    some = scalar(connection, "select count(*) from forgotten")
    connection.execute(filled("silver/dirty", forgotten="forgotten" if some else "(from forgotten limit 0)"))
    insert(connection, "ops.dirty", "select * from dirtied")
    history.touch(connection, "readings", "dirtied", "minute_at")


def weigh(connection: duckdb.DuckDBPyConnection, number: str, schema: str = "silver") -> None:
    """Make ``settled`` and ``leaving``: what becomes of ``arriving`` beside readings and corrections of this schema.

    What there is something to weigh of is in ``contenders``; mostly there is none.
    """
    _look(connection, "silver/present", schema, _TOUCHED, "device_id, metric, event_at, declared_id")
    _look(connection, "silver/incumbents", schema, "present", "*")
    # First by counting, which takes half the time: mostly no two are the same.
    twice = scalar(connection, f"select count(*) - count(distinct claim) from ({_CLAIMS})")
    claims = _CLAIMS if twice else "select 0 as claim limit 0"
    connection.execute(filled("silver/contenders", batch_id=number, claims=claims))
    some = scalar(connection, "select count(*) from contenders where place = 'new'")
    connection.execute(filled("silver/settled", batch_id=number, alone=f"({_ALONE})" if some else "arriving"))
    connection.execute(filled("silver/leaving"))


def _look(connection: duckdb.DuckDBPyConnection, name: str, schema: str, near: str, columns: str) -> None:
    """Run ``sql/<name>.sql`` over these columns of the rows near those of a (small) table."""
    spans, only = spans_of(connection, near, "event_at"), devices_of(connection, near)
    places = {}
    for place in ("readings", "corrections"):
        table = f"{schema}.{place}"
        near_there = inhabited(connection, table, "event_at", spans, only=only)
        places[place] = within(table, "event_at", near_there, select=columns, only=only)
    connection.execute(filled(name, **places))


def take_out(connection: duckdb.DuckDBPyConnection, listed: str) -> None:
    """Delete from readings and corrections the rows that the temporary table ``listed`` holds, by its column place."""
    for place in ("readings", "corrections"):
        rows = f"(select * from {listed} where place = '{place}')"
        only = devices_of(connection, rows)
        for span in spans_of(connection, rows, "event_at"):
            there = f"silver.{place} where {span.condition('event_at')} and {only}"
            # Where all that stands there is listed, as when a day is rebuilt, none needs to be looked up.
            listed_there = f"{rows} where {span.condition('event_at')}"
            if all(
                scalar(connection, f"select (select {told} from {there}) = (select {told} from {listed_there})")
                for told in ("count(*)", f"sum(hash({_ROW}))")  # the first mostly tells, and is cheap
            ):
                connection.execute(f"delete from {there}")
            else:
                connection.execute(f"delete from {there} and ({_ROW}) in (select ({_ROW}) from {rows})")
