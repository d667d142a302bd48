"""Every field of JSON objects and of the objects in them, as one long table with dotted names.

Belongs here: walking objects level by level, for all messages at once. Does not: what the values mean (``json_fields``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from iot_assets.decoders.quoting import literals

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    import duckdb

#: Objects within objects are followed so deep. A bound is needed: a short payload can nest ten thousand deep, and each
#: level costs a pass.
MAX_DEPTH: Final = 16
_COLUMNS: Final = ["record", "position", "metric", "value", "raw"]


def flattened(con: duckdb.DuckDBPyConnection, *, left_out: AbstractSet[str]) -> pa.Table:
    """The fields of the view ``objects`` that are not null: record, position, metric, value, raw.

    ``value`` is the number, where it is one; ``raw`` is the JSON text of what is no finite number. ``position`` grows in
    the order of the text. An object appears only where it lies too deep to be followed.
    """
    top = con.sql(_opened("select row as record, body as raw from objects", left_out)).to_arrow_table()
    inner = _objects(top)
    if len(inner) == 0:
        return top
    con.register("level_0", top)
    con.register("nested", pa.table({"record": pc.unique(inner["record"])}))
    levels = ["select record, [position] as place, metric, value, raw from level_0 semi join nested using (record)"]
    while len(inner) > 0 and len(levels) <= MAX_DEPTH:
        depth = len(levels)
        con.register("inner_objects", inner)
        level = con.sql(
            _opened(
                f"select record, {_PLACE[depth > 1]} as place, metric as above, raw from inner_objects",
                left_out,
                inner=True,
            )
        ).to_arrow_table()
        con.register(f"level_{depth}", level)
        levels.append(f"select record, list_append(place, position) as place, metric, value, raw from level_{depth}")
        inner = _objects(level)
    without_objects = [f"(select * from ({level}) where raw is null or raw[1] <> '{{')" for level in levels[:-1]]
    leaves = " union all ".join([*without_objects, f"({levels[-1]})"])
    ordered = con.sql(
        f"""
        select record, (row_number() over (partition by record order by place) - 1)::integer as position, metric, value, raw
        from ({leaves})
        """
    ).to_arrow_table()
    flat = con.sql("select * from level_0 anti join nested using (record)").to_arrow_table()
    return pa.concat_tables([flat.select(_COLUMNS), ordered.select(_COLUMNS)])


_PLACE: Final = {False: "[position]", True: "list_append(place, position)"}


def _objects(level: pa.Table) -> pa.Table:
    others = level.filter(pc.field("raw").is_valid())
    return others.filter(pc.equal(pc.utf8_slice_codeunits(others["raw"], 0, 1), "{"))


def _opened(objects: str, left_out: AbstractSet[str], *, inner: bool = False) -> str:
    """SQL: the fields of these objects (record, raw; of inner ones place and above, the name of the object, too)."""
    name = "above || '.' || key" if inner else "key"
    kept = f"and {name} not in ({literals(sorted(left_out))})" if left_out else ""
    return f"""
        select record, {"place, " if inner else ""}position, {name} as metric, value,
            case when not coalesce(isfinite(value), false) then raw end as raw
        from (
            select * replace (raw::varchar as raw), try_cast(raw as double) as value
            from (
                select * exclude (fields, raw), unnest(range(cardinality(fields)::bigint))::integer as position,
                    unnest(map_keys(fields)) as key, unnest(map_values(fields))::varchar as raw
                from (select *, json_transform(raw, '"MAP(VARCHAR, JSON)"') as fields from ({objects}))
            )
            where raw is not null {kept}
        )
        """
