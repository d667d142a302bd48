"""From JSON objects to measurements: one declared value, or every field of the object and of the objects in it.

Belongs here: which values of a JSON object are measurements. Does not: names, units, limits of metrics (``metrics``).
It reads the view ``objects(record, kind, body, metric, value_json, metric_json, …)`` that ``json_record`` makes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from iot_assets.decoders.found import FIELDS_SCHEMA
from iot_assets.decoders.json_flat import flattened
from iot_assets.decoders.json_metric import says_metric
from iot_assets.decoders.json_text import is_string, looks_numeric, scalar_text
from iot_assets.decoders.quoting import dotted, literals

if TYPE_CHECKING:
    import duckdb

    from iot_assets.decoders.json_options import JsonRecordOptions


def read(con: duckdb.DuckDBPyConnection, options: JsonRecordOptions) -> pa.Table:
    """The measurements of all objects."""
    if options.value_field:
        return _declared(con, options, "objects")
    if not says_metric(options):
        return _all(con, options)
    bare = _declared(con, options, "(select * from objects where kind in ('bare', 'plain'))")
    return pa.concat_tables([_all(con, options), bare])


def _declared(con: duckdb.DuckDBPyConnection, options: JsonRecordOptions, source: str) -> pa.Table:
    """One measurement a record: its value, metric and unit stand in declared fields."""
    found = f"""
        select record, 0 as position, nullif({scalar_text("unit_json")}, '') as unit, value_json as raw,
            if(metric_json is null, metric, {scalar_text("metric_json")}) as metric
        from {source}
        """
    return con.sql(_measured(found, options, whole=True)).to_arrow_table().cast(FIELDS_SCHEMA)


def _all(con: duckdb.DuckDBPyConnection, options: JsonRecordOptions) -> pa.Table:
    """A measurement for each field that is a number, a truth value or a string; arrays are left out."""
    whole = "fields_json" if options.fields else "body"
    fields = flattened(
        con,
        f"select record, {whole} as raw from objects where kind = 'object' and {whole} is not null",
        left_out=_used(options) | set(options.drop),
    )
    if says_metric(options):
        fields = _below_the_topics(con, fields)
    # Most values are finite numbers, and those are done; what is left is looked at by its text.
    if fields["raw"].null_count == len(fields):
        return _padded(fields)
    con.register("others", fields.filter(pc.field("raw").is_valid()))
    found = "select *, null::varchar as unit from others where raw[1] <> '['"
    measured = con.sql(_measured(found, options, whole=False)).to_arrow_table()
    numbers = fields.filter(pc.field("raw").is_null())
    return pa.concat_tables([_padded(numbers), measured.cast(FIELDS_SCHEMA)])


def _used(options: JsonRecordOptions) -> set[str]:
    """The declared fields, by the names that they would have as metrics."""
    used = {dotted(name) for name in options.device_field + options.time_field + options.id_field}
    if not options.fields:
        return used
    below = {dotted(path) + "." for path in options.fields}
    inside = {name.removeprefix(path) for name in used for path in below if name.startswith(path)}
    return inside | (used if "." in options.fields else set())


def _below_the_topics(con: duckdb.DuckDBPyConnection, fields: pa.Table) -> pa.Table:
    con.register("plain", fields)
    return con.sql(
        """
        select p.* replace (if(o.metric = '', p.metric, concat(o.metric, '.', p.metric)) as metric)
        from plain p join objects o using (record)
        """
    ).to_arrow_table()


def _padded(numbers: pa.Table) -> pa.Table:
    for field in FIELDS_SCHEMA:
        if field.name not in numbers.column_names:
            numbers = numbers.append_column(field, pa.nulls(len(numbers), field.type))
    return numbers.select(FIELDS_SCHEMA.names)


def _measured(found: str, options: JsonRecordOptions, *, whole: bool) -> str:
    """What each JSON value measures, or why it measures nothing; ``whole``: it is all that its record holds."""
    limits = {*options.limits, *(name for name, other in options.rename.items() if other in options.limits)}
    limited = f"metric in ({literals(sorted(limits))})" if limits else "false"
    strict = "true" if options.strings == "number" else limited
    numeric = "true" if options.strings != "text" else limited
    blank = "numeric" if whole else strict
    nested = "false" if whole else "true"  # what still is an object here lies too deep
    return f"""
        with read as (
            select *, case when {is_string("raw")} then raw ->> '$' end as text, {numeric} as numeric from ({found})
        ),
        spelled as (
            select *, case when text is not null and numeric then {looks_numeric("text")} else false end as spelled
            from read
        ),
        valued as (
            select * replace (case when isfinite(number) then number end as number)
            from (
                select *, case
                    when raw = 'true' then 1.0
                    when raw = 'false' then 0.0
                    when spelled then try_cast(text as double)
                    when text is null then try_cast(raw as double)
                    end as number
                from spelled
            )
        ),
        judged as (
            select *,
                case
                    when raw is null or ({blank} and trim(text) = '') then 'missing_value'
                    when number is not null then null
                    when raw[1] = '{{' and {nested} then 'bad_metric'
                    when text is null or {strict} or spelled then 'bad_value'
                end as reason
            from valued
        )
        select record, position, metric, number as value, if(number is null, text, null) as value_text, unit,
            null::smallint as flags, reason,
            if(reason is null, null, left(metric, 100) || if(raw is null, '', ': ' || left(raw, 100))) as detail
        from judged
        """
