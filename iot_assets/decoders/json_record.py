"""The engine for messages that are one JSON object, in whatever shape the options describe.

Belongs here: reading the object and its declared fields. Does not: judging identity, time, limits (``judge``); JSON
that needs more than declared fields and nested objects (an engine of its own).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from iot_assets.decoders import json_fields
from iot_assets.decoders.found import FAULTS_SCHEMA, Found
from iot_assets.decoders.json_picked import picked
from iot_assets.decoders.json_text import is_word, scalar_text
from iot_assets.decoders.prelude import text_detail, text_fault, texts

if TYPE_CHECKING:
    import duckdb

    from iot_assets.decoders.decoded import Bounds
    from iot_assets.decoders.json_options import JsonRecordOptions


def read(con: duckdb.DuckDBPyConnection, options: JsonRecordOptions, bounds: Bounds) -> Found:
    """Find what the messages of ``intake`` say."""
    parsed = f"""
        select *, json_type(j) as kind
        from (select *, try_cast(body as json) as j from ({texts(bounds)}))
        """
    con.execute(f"create temp table documents as {picked(parsed, options)}")
    con.execute("create temp view objects as select * from documents where kind = 'OBJECT'")
    con.execute(f"create temp view records as {_RECORDS}")
    faults = con.sql(
        f"""
        select row, coalesce({text_fault(bounds)}, if(kind is null, 'malformed_json', 'not_an_object')) as reason,
            {text_detail(bounds)} as detail
        from documents
        where kind is distinct from 'OBJECT'
        """
    ).to_arrow_table()
    read_fields = json_fields.read_declared if options.value_field else json_fields.read_all
    return Found(fields=read_fields(con, options), faults=faults.cast(FAULTS_SCHEMA))


_RECORDS: Final = f"""
    select row, row as record, received_at, device_prefix, device_captured, device_suffix,
        {scalar_text("device_json")} as device, not {is_word("device_json")} as device_fault,
        {scalar_text("time_json")} as t, not {is_word("time_json")} as time_fault,
        {scalar_text("id_json")} as declared_id
    from objects
    """
