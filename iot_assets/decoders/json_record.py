"""The engine for messages that are JSON objects or arrays of them, in whatever shape the options describe.

Belongs here: reading the object and its declared fields. Does not: arrays of records (``json_pieces``); judging
identity, time, limits (``judge``); JSON that needs more than declared fields and nested objects (a reader of its own).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa

from iot_assets.decoders import json_fields, json_pieces
from iot_assets.decoders.found import FAULTS_SCHEMA, Found
from iot_assets.decoders.json_metric import metric_of_topic, says_metric
from iot_assets.decoders.json_picked import declared_names, picked
from iot_assets.decoders.json_text import BLANKS, is_string, is_word, scalar_text, written_number
from iot_assets.decoders.prelude import text_detail, text_fault, texts

if TYPE_CHECKING:
    import duckdb

    from iot_assets.decoders.decoded import Bounds
    from iot_assets.decoders.json_options import JsonRecordOptions


def read(con: duckdb.DuckDBPyConnection, options: JsonRecordOptions, bounds: Bounds) -> Found:
    """Find what the messages of ``intake`` say."""
    parsed = f"""
        select *, {_kind(options)} as kind
        from (select *, try_cast(body as json) as j from ({metric_of_topic(con, texts(bounds), options)}))
        """
    declared = declared_names(options, named_by_topic=_named_by_topic(con))
    con.execute(f"create temp table documents as {picked(parsed, declared)}")
    faults = [con.sql(_faults(bounds, options)).to_arrow_table()]
    in_pieces = bool(options.each) or options.lines or _any_array(con)
    if in_pieces:
        faults.append(json_pieces.split(con, options, declared))
    else:
        con.execute("create temp view pieces as select *, row as record from documents where kind <> 'array'")
    con.execute(f"create temp view objects as {_OBJECTS if says_metric(options) else _ONLY_OBJECTS}")
    con.execute(f"create temp view records as {_RECORDS}")
    fields = json_fields.read(con, options)
    return Found(
        fields=json_pieces.numbered(con, fields) if in_pieces else fields,
        faults=pa.concat_tables(table.select(FAULTS_SCHEMA.names).cast(FAULTS_SCHEMA) for table in faults),
    )


def _named_by_topic(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the topics of all messages say which device sends, so that no payload need be asked."""
    (named,) = con.execute("select count(device_captured) = count(*) from intake").fetchall()[0]
    return bool(named)


def _any_array(con: duckdb.DuckDBPyConnection) -> bool:
    return bool(con.execute("select 1 from documents where kind = 'array' limit 1").fetchall())


def _faults(bounds: Bounds, options: JsonRecordOptions) -> str:
    """The messages that are no JSON, or no JSON that could be read here."""
    return f"""
        select row, {text_detail(bounds)} as detail,
            coalesce({text_fault(bounds)}, if(json_valid(body), 'not_an_object', 'malformed_json')) as reason
        from documents
        where kind is null {"" if says_metric(options) else "or kind in ('bare', 'plain')"}
        """


def _kind(options: JsonRecordOptions) -> str:
    """What a text is: object, array, bare (any other JSON), plain (perhaps no JSON), lines; null is none of these."""
    # What begins like an object or an array and breaks off is no text that was meant as such.
    if options.lines:
        return f"if({_WORD} <> '', 'lines', null)"
    plain = f"if(body <> '' and {_WORD}[1] not in ('{{', '['), 'plain', null)" if options.plain else "null"
    return f"""case
            when j is null then {plain}
            when starts_with(body, '{{') then 'object'
            else case json_type(j) when 'OBJECT' then 'object' when 'ARRAY' then 'array' else 'bare' end
        end"""


_WORD: Final = f"trim(body, {BLANKS})"
_ONLY_OBJECTS: Final = "select * from pieces where kind = 'object'"
_OBJECTS: Final = f"""
    select * replace (
        case kind
            when 'bare' then nullif({_WORD}, 'null')
            when 'plain' then if(lower({_WORD}) in ('true', 'false'), lower({_WORD}), to_json({_WORD})::varchar)
            else value_json
        end as value_json)
    from pieces
    where kind is not null
    """
_TIME: Final = f"""case
            when not {is_string("time_json")} and contains(time_json, '.') then {written_number("time_json", "body")}
            else {scalar_text("time_json")}
        end"""
_RECORDS: Final = f"""
    select row, record, received_at, device_prefix, device_captured, device_suffix, device_default,
        {scalar_text("device_json")} as device, not {is_word("device_json")} as device_fault,
        {_TIME} as t, null::bigint as known_us, false as relative, not {is_word("time_json")} as time_fault,
        {scalar_text("id_json")} as declared_id
    from objects
    """
