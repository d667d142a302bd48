"""The engine for messages that are one JSON object, in whatever shape the options describe.

It reads ``texts`` (see ``prelude``) and makes the two tables that ``judge`` turns into readings:

* ``records(row, record, received_at, device_prefix, device_captured, device_suffix, device, device_fault, time_text,
  time_fault, declared_id)``: who and when; here one a message.
* ``fields(row, record, position, metric, value, value_text, unit, reason, detail)``: what was measured; where ``reason``
  is not null it is a fault and no measurement.

Not here: JSON that needs more than declared fields and nested objects (an engine of its own).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iot_assets.decoders import json_fields
from iot_assets.decoders.json_picked import Picked
from iot_assets.decoders.json_text import is_word, scalar_text
from iot_assets.decoders.json_options import JsonRecordOptions
from iot_assets.decoders.prelude import quote_start, read_texts

if TYPE_CHECKING:
    import duckdb

    from iot_assets.decoders.decoded import Bounds


def read(con: duckdb.DuckDBPyConnection, options: JsonRecordOptions, bounds: Bounds) -> None:
    """Make ``records``, ``fields`` and ``faults`` from ``intake``."""
    read_texts(con, bounds)
    picked = Picked(options)
    con.execute(
        f"""
        create temp table documents as
        select * exclude (body), json_type(j) as kind, {picked.columns} as picked
        from (select *, try_cast(body as json) as j from texts)
        """
    )
    con.execute("create temp view objects as select * exclude (kind) from documents where kind = 'OBJECT'")
    con.execute(
        f"""
        insert into faults
        select row, case when kind is null then 'malformed_json' else 'not_an_object' end,
            'it begins ' || {quote_start("body")}
        from documents join texts using (row)
        where kind is distinct from 'OBJECT'
        """
    )
    con.execute(_records(options, picked))
    if options.value_field:
        json_fields.read_declared(con, options, picked)
    else:
        json_fields.read_all(con, options)


def _records(options: JsonRecordOptions, picked: Picked) -> str:
    device, time, declared = (picked.first(n) for n in (options.device_field, options.time_field, options.id_field))
    return f"""
        create temp table records as
        with found as (
            select * exclude (j, picked), {device} as device_json, {time} as time_json, {declared} as id_json from objects
        )
        select row, row as record, received_at, device_prefix, device_captured, device_suffix,
            {scalar_text("device_json")} as device,
            not coalesce({is_word("device_json")}, true) as device_fault,
            {scalar_text("time_json")} as time_text,
            not coalesce({is_word("time_json")}, true) as time_fault,
            {scalar_text("id_json")} as declared_id
        from found
        """
