r"""The engine for bodies of text lines ``epoch name value``.

Blanks are spaces and tabs, any number of them; lines end in LF or CRLF; empty ones are passed over. Values are decimal
numbers. Each line is a record of its own: a bad one leaves the others alone.

Belongs here: cutting bodies into lines and lines into their three parts. Does not: reading times (``times``), refusing
bodies at the door (the intake, which knows the same grammar).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from iot_assets.decoders.found import FAULTS_SCHEMA, FIELDS_SCHEMA, Found
from iot_assets.decoders.json_text import looks_numeric
from iot_assets.decoders.prelude import text_detail, text_fault, texts
from iot_assets.decoders.quoting import literal

if TYPE_CHECKING:
    import duckdb

    from iot_assets.decoders.decoded import Bounds
    from iot_assets.decoders.options import CommonOptions

_LINE: Final = r"^[ \t]*([^ \t\r]+)[ \t]+([^ \t\r]+)[ \t]+([^ \t\r]+)[ \t]*\r?$"
_BLANKS: Final = r"[ \t\r\n]*"


def read(con: duckdb.DuckDBPyConnection, options: CommonOptions, bounds: Bounds) -> Found:  # noqa: ARG001 - it has none
    """Find what the messages of ``intake`` say."""
    con.execute(f"create temp table bodies as select *, {text_fault(bounds)} as reason from ({texts(bounds)})")
    con.execute(
        f"""
        create temp table lines as
        select row, number, line, regexp_extract(line, {literal(_LINE)}, ['epoch', 'name', 'value']) as part
        from (
            select row, unnest(cut) as line, generate_subscripts(cut, 1) as number
            from (select row, string_split(body, chr(10)) as cut from bodies where reason is null)
        )
        """
    )
    con.execute(
        """
        create temp table measured as
        select row, row_number() over () - 1 as record, number, part from lines where part.epoch <> ''
        """
    )
    con.execute(f"create temp view records as {_RECORDS}")
    faults = con.sql(
        f"""
        select row, coalesce(reason, 'missing_value') as reason,
            if(reason is null, 'it holds no line', {text_detail(bounds)}) as detail
        from bodies
        where reason is not null or regexp_full_match(body, {literal(_BLANKS)})
        union all
        select row, 'malformed_line',
            concat('line ', number, ': ', regexp_replace(left(line, 60), '\\p{{Cc}}', ' ', 'g'))
        from lines
        where part.epoch = '' and not regexp_full_match(line, {literal(_BLANKS)})
        """
    ).to_arrow_table()
    fields = con.sql(_FIELDS).to_arrow_table()
    return Found(
        fields=fields.select(FIELDS_SCHEMA.names).cast(FIELDS_SCHEMA), faults=faults.select(FAULTS_SCHEMA.names)
    )


_RECORDS: Final = """
    select m.row, m.record, i.received_at, i.device_prefix, i.device_captured, i.device_suffix, i.device_default,
        null::varchar as device, false as device_fault, m.part.epoch as t, null::bigint as known_us,
        false as relative, false as time_fault, null::varchar as declared_id
    from measured m join intake i using (row)
    """
_FIELDS: Final = f"""
    select record, number - 1 as position, part.name as metric, if(good, value, null) as value,
        null::varchar as value_text, null::varchar as unit, null::smallint as flags,
        if(good, null, 'bad_value') as reason,
        if(good, null, concat(left(part.name, 100), ': ', left(part.value, 100))) as detail
    from (
        select *, coalesce(isfinite(value), false) and {looks_numeric("part.value")} as good
        from (select *, try_cast(part.value as double) as value from measured)
    )
    """
