"""Messages that hold several records: lines, or an array of objects, at the top or at a declared place inside.

Belongs here: from messages to records. Does not: what a record says (``json_record``, ``json_fields``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from iot_assets.decoders.json_picked import picked
from iot_assets.decoders.json_text import BLANKS
from iot_assets.decoders.quoting import literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb
    import pyarrow as pa

    from iot_assets.decoders.json_options import JsonRecordOptions
    from iot_assets.decoders.options import Names


def split(con: duckdb.DuckDBPyConnection, options: JsonRecordOptions, declared: Mapping[str, Names]) -> pa.Table:
    """Make the table ``pieces`` (the columns of ``documents``, a row a record); the faults of what is none.

    What a record inside an object lacks is taken from the object around it, but for the value.
    """
    con.execute(f"create temp table split as {_LINES if options.lines else _TOP}")
    inherited = []
    if options.each:
        outer = "select row, place, kind, body, try_cast(body as json) as j from split"
        con.execute(f"create temp table around as {picked(outer, {**declared, 'each_json': options.each})}")
        con.execute(f"create or replace temp table split as {_INNER}")
        inherited = [column for column in declared if column not in {"value_json", "fields_json"}]
    found = picked("select row, place, inner_place, kind, body, try_cast(body as json) as j from split", declared)
    columns = ", ".join(
        f"coalesce(p.{column}, a.{column}) as {column}" if column in inherited else f"p.{column}" for column in declared
    )
    con.execute(
        f"""
        create temp table pieces as
        select d.* exclude (kind, body, {", ".join(declared)}), p.kind, p.body, {columns},
            row_number() over (order by p.row, p.place, p.inner_place) - 1 as record
        from ({found}) as p join documents as d using (row)
            {"join around as a using (row, place)" if inherited else ""}
        where p.kind is not null
        order by record
        """
    )
    return con.sql(_faults(options)).to_arrow_table()


def numbered(con: duckdb.DuckDBPyConnection, fields: pa.Table) -> pa.Table:
    """The fields, numbered through their message and not their record; a message of one record keeps its numbers."""
    con.register("fields_of_pieces", fields)
    return con.sql(
        """
        with sizes as (
            select row, record, max(position) + 1 as size
            from fields_of_pieces join pieces using (record)
            group by all
        ),
        starts as (
            select record,
                sum(size) over (partition by row order by record rows between unbounded preceding and 1 preceding) as n
            from sizes
        )
        select f.* replace ((position + coalesce(n, 0))::integer as position)
        from fields_of_pieces f join starts using (record)
        """
    ).to_arrow_table()


def _items(place: str, array: str, source: str) -> str:
    """SQL: what stands in the arrays of ``source``; only objects are records."""
    return f"""
        select row, {place}, unnest(items) as body, if(starts_with(unnest(items), '{{'), 'object', null) as kind
        from (select *, json_extract({array}, '$[*]')::varchar[] as items from {source})
        """


_TOP: Final = f"""
    select row, 0 as place, 0 as inner_place, trim(body, {BLANKS}) as body, kind
    from documents
    where kind <> 'array'
    union all
    {_items("unnest(range(len(items))), 0", "body", "documents where kind = 'array'")}
    """
# A line that is no JSON document has no kind, like an element of an array that is no object.
_LINES: Final = f"""
    select row, unnest(range(len(items))) as place, 0 as inner_place, trim(unnest(items), {BLANKS}) as body,
        if(starts_with(trim(unnest(items), {BLANKS}), '{{') and json_valid(unnest(items)), 'object', null) as kind
    from (
        select *, list_filter(string_split(body, chr(10)), lambda line: trim(line, {BLANKS}) <> '') as items
        from documents
        where kind is not null
    )
    """
_INNER: Final = f"""
    select row, place, 0 as inner_place, coalesce(each_json, body) as body, kind
    from around
    where kind is distinct from 'object' or starts_with(each_json, '{{')
    union all
    {_items("place, unnest(range(len(items)))", "each_json", "around where starts_with(each_json, '[')")}
    """


def _faults(options: JsonRecordOptions) -> str:
    missing = f"no array of records at {' or '.join(options.each)}" if options.each else "the array is empty"
    return f"""
        select row, if(body is null or json_valid(body), 'not_an_object', 'malformed_json') as reason,
            'a record begins ' || left(coalesce(body, 'null'), 60) as detail
        from split
        where kind is null
        union all
        select row, 'missing_value', {literal(missing)}
        from documents anti join split using (row)
        where kind is not null
        """
