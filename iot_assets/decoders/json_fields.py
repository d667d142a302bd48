"""From JSON objects to measurements: one declared value, or every field of the object and of the objects in it.

Makes the table ``fields`` that ``json_record`` describes, from the view ``objects(row, …, j, picked)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from iot_assets.decoders.json_text import finite, is_number, is_string, looks_numeric, numeric_string, scalar_text
from iot_assets.decoders.quoting import dotted, literal, literals

if TYPE_CHECKING:
    import duckdb

    from iot_assets.decoders.json_options import JsonRecordOptions
    from iot_assets.decoders.json_picked import Picked

#: Objects within objects are followed so deep; what lies deeper is a bad_metric.
MAX_DEPTH: Final = 16


def read_declared(con: duckdb.DuckDBPyConnection, options: JsonRecordOptions, picked: Picked) -> None:
    """One measurement a message: its value, metric and unit stand in declared fields."""
    named = picked.first(options.metric_field)
    con.execute(
        f"""
        create temp view found as
        select row, 0 as position, raw, nullif({scalar_text("unit_json")}, '') as unit,
            case when metric_json is null then {literal(options.metric)} else {scalar_text("metric_json")} end as metric
        from (
            select row, {picked.first(options.value_field)} as raw, {named} as metric_json,
                {picked.first(options.unit_field)} as unit_json
            from objects
        )
        """
    )
    con.execute(f"create temp table fields as {_measured(options, container='bad_value')}")


def read_all(con: duckdb.DuckDBPyConnection, options: JsonRecordOptions) -> None:
    """A measurement for each field that is a number, a truth value or a string; arrays are left out."""
    used = {dotted(name) for name in options.device_field + options.time_field + options.id_field}
    dropped = literals(sorted(used | set(options.drop)))
    _open(con, 0, "select row, null::integer[] as place, null::varchar as above, j::varchar as j from objects", dropped)
    depth = 0
    while depth < MAX_DEPTH and con.execute(f"select 1 from level_{depth} where raw[1] = '{{' limit 1").fetchall():
        inner = f"""
            select row, list_append(coalesce(place, []), idx) as place, metric as above, raw as j
            from level_{depth}
            where raw[1] = '{{'
            """
        depth += 1
        _open(con, depth, inner, dropped)
    con.execute(f"create temp view found as {_found(options, depth)}")
    con.execute(f"create temp table fields as {_measured(options, container='bad_metric')}")


def _open(con: duckdb.DuckDBPyConnection, depth: int, objects: str, dropped: str) -> None:
    """Make ``level_<depth>(row, place, idx, metric, raw)``: the fields of these objects that are not null.

    ``place`` says where the object stands (the ``idx`` of each object around it), which gives the order of the text.
    """
    con.execute(
        f"""
        create temp table level_{depth} as
        with opened as (select *, json_transform(j, '"MAP(VARCHAR, JSON)"') as m from ({objects})),
        pairs as (
            select row, place, above, unnest(range(cardinality(m)::bigint))::integer as idx,
                unnest(map_keys(m)) as key, unnest(map_values(m))::varchar as raw
            from opened
        )
        select row, place, idx, metric, raw
        from (select *, case when above is null then key else above || '.' || key end as metric from pairs)
        where raw is not null {f"and metric not in ({dropped})" if dropped else ""}
        """
    )


def _found(options: JsonRecordOptions, depth: int) -> str:
    """The leaves, with their position: that of the field in its object, or in the whole text where objects nest."""
    wanted = "raw[1] <> '['" if depth == MAX_DEPTH else "raw[1] not in ('{', '[')"
    if options.keep:
        below = " or ".join(f"starts_with(metric, {literal(name + '.')})" for name in options.keep)
        wanted += f" and (metric in ({literals(options.keep)}) or {below})"
    if depth == 0:
        return f"select row, idx as position, metric, raw, null::varchar as unit from level_0 where {wanted}"
    levels = " union all ".join(
        f"select * from level_{n} where row in (select row from level_1)" for n in range(depth + 1)
    )
    return f"""
        select row, idx as position, metric, raw, null::varchar as unit
        from level_0
        where row not in (select row from level_1) and {wanted}
        union all
        select row, (row_number() over (partition by row order by list_append(coalesce(place, []), idx)) - 1)::integer,
            metric, raw, null
        from ({levels})
        where {wanted}
        """


def _measured(options: JsonRecordOptions, container: str) -> str:
    """What each JSON value of ``found`` measures, or why it measures nothing."""
    limited = f"metric in ({literals(options.limits)})" if options.limits else "false"
    strict = "true" if options.strings == "number" else limited
    numeric = "true" if options.strings != "text" else limited
    return f"""
        with read as (
            select row, position, metric, unit, raw, {is_string("raw")} as is_string, {is_number("raw")} as is_number,
                case when {is_string("raw")} then raw ->> '$' end as text,
                case
                    when {is_number("raw")} then {finite("raw")}
                    when raw = 'true' then 1.0
                    when raw = 'false' then 0.0
                    when {is_string("raw")} and {numeric} then {numeric_string("raw ->> '$'")}
                end as number
            from found
        ),
        judged as (
            select *,
                case
                    when metric is null or metric = '' or length(metric) > 200 or regexp_matches(metric, '\\pCc')
                        then 'bad_metric'
                    when raw is null or (is_string and {numeric} and trim(text) = '') then 'missing_value'
                    when raw[1] in ('{{', '[') then '{container}'
                    when is_number and number is null then 'bad_value'
                    when is_string and number is null and ({strict} or ({numeric} and {looks_numeric("text")})) then 'bad_value'
                end as reason
            from read
        )
        select row, row as record, position, metric, number as value,
            case when number is null then text end as value_text, unit, reason,
            case when reason is not null then concat(left(metric, 100), ': ', left(raw, 100)) end as detail
        from judged
        """
