"""Every field of JSON objects and of the objects in them, as one long table with dotted names.

Belongs here: walking objects level by level, for all messages at once. Does not: what values mean (``json_fields``).
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from iot_assets.decoders.quoting import literals

if TYPE_CHECKING:
    import duckdb

#: Objects within objects are followed so deep. A bound is needed: a short payload can nest ten thousand deep, and each
#: level costs a pass.
MAX_DEPTH: Final = 16
_COLUMNS: Final = ["record", "position", "metric", "value", "raw"]


def flattened(con: duckdb.DuckDBPyConnection, objects: str, *, left_out: AbstractSet[str]) -> pa.Table:
    """The fields that are not null of some objects (SQL: record, raw): record, position, metric, value, raw.

    ``value`` is the number, where it is one; ``raw`` is the JSON text of what is no finite number. ``position`` grows
    in the order of the text. An object is among them only where it lies too deep to be followed.
    """
    top = _opened(con, objects, left_out)
    inner = _objects(top)
    if len(inner) == 0:
        return top
    con.register("level_0", top)
    con.register("nested", pa.table({"record": pc.unique(inner["record"])}))
    # Where a field stands: its number in its object, after the number of that object in the one around it, and on.
    levels = ["select record, [position] as place, metric, value, raw from level_0 semi join nested using (record)"]
    while len(inner) > 0 and len(levels) <= MAX_DEPTH:
        con.register(f"inner_{len(levels)}", inner)
        place = "[position]" if len(levels) == 1 else "list_append(place, position)"
        deeper = f"select record, {place} as place, metric as above, raw from inner_{len(levels)}"
        level = _opened(con, deeper, left_out, inner=True)
        con.register(f"level_{len(levels)}", level)
        levels.append(
            f"select record, list_append(place, position) as place, metric, value, raw from level_{len(levels)}"
        )
        inner = _objects(level)
    leaves = [f"(select * from ({level}) where raw is null or raw[1] <> '{{')" for level in levels[:-1]]
    in_order = con.sql(
        f"""
        select record, (row_number() over (partition by record order by place) - 1)::integer as position,
            metric, value, raw
        from ({" union all ".join([*leaves, f"({levels[-1]})"])})
        """
    ).to_arrow_table()
    flat = con.sql("select * from level_0 anti join nested using (record)").to_arrow_table()
    return pa.concat_tables([flat.select(_COLUMNS), in_order.select(_COLUMNS)])


def _objects(level: pa.Table) -> pa.Table:
    others = level.filter(pc.field("raw").is_valid())
    return others.filter(pc.starts_with(others["raw"], "{"))


def _opened(
    con: duckdb.DuckDBPyConnection, objects: str, left_out: AbstractSet[str], *, inner: bool = False
) -> pa.Table:
    """The fields of these objects (record, raw; of inner ones place and above, the name of the object, too)."""
    around = "record, place, above" if inner else "record"
    # An object that repeats a key is no map, for DuckDB 2: it comes out whole, without a name.
    fields = con.sql(
        _named(
            f"""
            select {around}, unnest(coalesce(map_keys(fields), [null])) as key,
                unnest(coalesce(map_values(fields)::varchar[], [raw])) as raw
            from (select *, json_transform(raw, '"MAP(VARCHAR, JSON)"') as fields from ({objects}))
            """,
            left_out,
            inner=inner,
        )
    ).to_arrow_table()
    if fields["metric"].null_count == 0:
        return _numbered(fields)
    con.register("whole", fields.filter(pc.field("metric").is_null()))
    identity = "record, place" if inner else "record"
    rest = con.sql(
        _named(
            f"""
            select {around.replace("record", "o.record")}, e.key, nullif(e.value::varchar, 'null') as raw
            from (select * exclude (raw), raw as j from ({objects}) semi join whole using ({identity})) as o,
                json_each(o.j) as e
            order by {identity}, e.id
            """,
            left_out,
            inner=inner,
        )
    ).to_arrow_table()
    return pa.concat_tables([_numbered(fields.filter(pc.field("metric").is_valid())), _numbered(rest)])


def _named(pairs: str, left_out: AbstractSet[str], *, inner: bool) -> str:
    name = "above || '.' || key" if inner else "key"
    kept = f"and (key is null or {name} not in ({literals(sorted(left_out))}))" if left_out else ""
    return f"""
        select record, {"place, " if inner else ""}{name} as metric, value,
            case when not coalesce(isfinite(value), false) then raw end as raw
        from (select *, try_cast(raw as double) as value from ({pairs}) where raw is not null {kept})
        """


def _numbered(fields: pa.Table) -> pa.Table:
    """The fields, which stand in the order of the text, with their number in their record.

    DuckDB keeps the order of its input here; to let it unnest numbers beside the fields costs a tenth of everything.
    """
    if len(fields) == 0:
        return fields.append_column("position", pa.array([], pa.int32()))
    ends = pc.run_end_encode(fields["record"].combine_chunks()).run_ends
    starts = pa.concat_arrays([pa.array([0], ends.type), ends[:-1]])
    first = pc.run_end_decode(pa.RunEndEncodedArray.from_arrays(ends, starts))
    one = pa.scalar(1, pa.int32())
    number = pc.subtract(pc.cumulative_sum(pa.repeat(one, len(fields))), one)
    return fields.append_column("position", pc.subtract(number, first))
