"""The engine for messages that are one JSON object, in whatever shape the options describe.

Belongs here: reading the object and its declared fields. Does not: judging identity, time, limits (``judge``); JSON
that needs more than declared fields and nested objects (an engine of its own).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from iot_assets.decoders import json_fields
from iot_assets.decoders.found import FAULTS_SCHEMA, Found
from iot_assets.decoders.json_picked import declared_names, picked
from iot_assets.decoders.json_text import is_string, is_word, scalar_text, written_number
from iot_assets.decoders.prelude import text_detail, text_fault, texts

if TYPE_CHECKING:
    import duckdb

    from iot_assets.decoders.decoded import Bounds
    from iot_assets.decoders.json_options import JsonRecordOptions


def read(con: duckdb.DuckDBPyConnection, options: JsonRecordOptions, bounds: Bounds) -> Found:
    """Find what the messages of ``intake`` say."""
    parsed = f"""
        select *, j is not null and (starts_with(body, '{{') or json_type(j) = 'OBJECT') as is_object
        from (select *, try_cast(body as json) as j from ({texts(bounds)}))
        """
    con.execute(
        f"create temp table documents as {picked(parsed, declared_names(options, named_by_topic=_named_by_topic(con)))}"
    )
    con.execute("create temp view objects as select * from documents where is_object")
    con.execute(f"create temp view records as {_RECORDS}")
    faults = con.sql(
        f"""
        select row, {text_detail(bounds)} as detail,
            coalesce({text_fault(bounds)}, if(json_valid(body), 'not_an_object', 'malformed_json')) as reason
        from documents
        where not is_object
        """
    ).to_arrow_table()
    read_fields = json_fields.read_declared if options.value_field else json_fields.read_all
    return Found(fields=read_fields(con, options), faults=faults.select(FAULTS_SCHEMA.names))


def _named_by_topic(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the topics of all messages say which device sends, so that no payload need be asked."""
    (named,) = con.execute("select count(device_captured) = count(*) from intake").fetchall()[0]
    return bool(named)


_TIME: Final = f"""case
            when not {is_string("time_json")} and contains(time_json, '.') then {written_number("time_json", "body")}
            else {scalar_text("time_json")}
        end"""
_RECORDS: Final = f"""
    select row, row as record, received_at, device_prefix, device_captured, device_suffix,
        {scalar_text("device_json")} as device, not {is_word("device_json")} as device_fault,
        {_TIME} as t, null::bigint as known_us, false as relative, not {is_word("time_json")} as time_fault,
        {scalar_text("id_json")} as declared_id
    from objects
    """
