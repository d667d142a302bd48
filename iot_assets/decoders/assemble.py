"""From heads and measurements to readings and rejects, column by column.

Belongs here: limits, flags, one reading per metric and record, one reject per message. Does not: SQL over payloads.
It works on Arrow columns because a device's name or a list of flags is then copied once per reading and not thrice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from iot_assets.decoders.decoded import READINGS_SCHEMA
from iot_assets.decoders.judge import FLAG_BITS
from iot_assets.decoders.metrics import MetricRules
from iot_assets.decoders.numbered import numbered
from iot_assets.decoders.unit_columns import converted, in_codes

if TYPE_CHECKING:
    import duckdb

    from iot_assets.decoders.found import Found
    from iot_assets.decoders.options import CommonOptions

#: From this magnitude on the exact sums cannot hold a value.
_OUT_OF_SCALE: Final = 1e12
#: So many readings at a time: Arrow's texts are addressed with 32 bits.
_AT_A_TIME: Final = 1 << 18
_FLAG_LISTS: Final = pa.array(
    [[flag for flag, bit in FLAG_BITS.items() if bits & bit] for bits in range(2 * max(FLAG_BITS.values()))],
    pa.list_(pa.string()),
)
_SOURCES: Final = pa.array(["received", "payload", "relative"])
_REJECTS_SCHEMA: Final = pa.schema(
    [
        pa.field("row", pa.int64()),
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
        pa.field("device_id", pa.string()),
    ]
)
_NO_FAULTS: Final = pa.schema(
    [
        pa.field("row", pa.int64()),
        pa.field("position", pa.int32()),
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
        pa.field("device_id", pa.string()),
    ]
).empty_table()
# A device that the topic names is certain whatever the payload is; one that the payload names, where it names no other.
_REJECTS: Final = r"""
    with named as (
        select row, reason, detail, if(reason is null or reason = 'bad_time', device_id, null) as device_id
        from heads
    ),
    bad as (
        select row, place, reason, detail, null as device_id from faults
        union all
        select row, -1, reason, detail, device_id from named where reason is not null
        union all
        select row, position, reason, detail, device_id from field_faults
        union all
        select distinct row, 2147483647, 'missing_value', 'no field holds a number, a truth value or text', null
        from heads
        where row not in (select row from told)
    ),
    ranked as (
        select *, row_number() over (partition by row order by place, reason, detail, device_id) as rank,
            count(*) filter (where place < 2147483647) over (partition by row) as n
        from bad
    ),
    senders as (
        select row, min(device_id) as device_id from named group by row having min(device_id) = max(device_id)
    )
    select
        r.row,
        r.reason,
        if(r.n > 1, concat(r.detail, ' (and ', r.n - 1, ' more)'), r.detail) as detail,
        coalesce(
            r.device_id,
            s.device_id,
            if(
                trim(i.device_captured) = '' or length(i.captured) > 200 or regexp_matches(i.captured, '\p{Cc}'),
                null,
                i.captured
            )
        ) as device_id
    from ranked r
    left join senders s using (row)
    left join (select *, device_prefix || device_captured || device_suffix as captured from intake) i using (row)
    where r.rank = 1
    """


def assemble(
    con: duckdb.DuckDBPyConnection, found: Found, heads: pa.Table, options: CommonOptions
) -> tuple[pa.Table, pa.Table]:
    """The readings (in no particular order) and the rejects (row, reason, detail, device_id)."""
    good = heads.filter(pc.field("reason").is_null()).combine_chunks()
    fields, codes, rules = _first_of_each(con, found.fields, options)
    head = _heads_of(fields["record"], good["record"], all_good=len(good) == len(heads))
    pieces, faults = [READINGS_SCHEMA.empty_table()], []
    for start in range(0, len(fields), _AT_A_TIME):
        part = _Part(fields.slice(start, _AT_A_TIME), codes.slice(start, _AT_A_TIME), head.slice(start, _AT_A_TIME))
        part = part.only(pc.and_(pc.is_valid(part.head), rules.kept.take(part.code)))
        if not rules.all_good or part.fields["reason"].null_count < len(part.fields):
            sound = pc.and_(pc.is_null(part.fields["reason"]), rules.good.take(part.code))
            faults.append(_faults(part.only(pc.invert(sound)), good, rules))
            part = part.only(sound)
        pieces.append(_readings(part, good, rules))
    readings = pa.concat_tables(pieces)
    return readings, _rejects(con, found.faults, heads, readings, faults)


@dataclass(frozen=True, slots=True)
class _Part:
    """Some measurements, each with the number of its metric's name and of its head."""

    fields: pa.Table
    code: pa.Array
    head: pa.Array

    def only(self, mask: pa.Array) -> _Part:
        if pc.all(mask).as_py() in (True, None):
            return self
        return _Part(self.fields.filter(mask), self.code.filter(mask), self.head.filter(mask))


def distinct(rows: pa.ChunkedArray) -> pa.Array:
    """The distinct values of a column in which equal ones mostly stand together."""
    runs = [pc.run_end_encode(chunk).values for chunk in rows.chunks]
    return pc.unique(pa.chunked_array(runs, rows.type))


def _heads_of(records: pa.ChunkedArray, known: pa.ChunkedArray, *, all_good: bool) -> pa.ChunkedArray:
    """For each record the number of its head; null where it has none."""
    if all_good and len(known) and pc.all(pc.equal(pc.pairwise_diff(known.combine_chunks()), 1)).as_py() is not False:
        return pc.subtract(records, known[0])  # they are numbered without a gap: no need to look them up
    return pc.index_in(records, value_set=known)


def _first_of_each(
    con: duckdb.DuckDBPyConnection, fields: pa.Table, options: CommonOptions
) -> tuple[pa.Table, pa.ChunkedArray, MetricRules]:
    """The measurements, one per record and metric (the first in the text), with a number for each distinct metric."""
    codes, names = _encoded(fields["metric"], options)
    key = pc.add(pc.multiply(fields["record"], len(names)), codes).combine_chunks()
    in_order = key.take(pc.array_sort_indices(key))  # Arrow counts distinct numbers thirty times slower than it sorts
    if pc.any(pc.equal(pc.pairwise_diff(in_order), 0)).as_py():
        con.register("found_fields", fields.append_column("code", codes))
        fields = con.sql(
            "select * from found_fields qualify row_number() over (partition by record, code order by position) = 1"
        ).to_arrow_table()
        codes = fields["code"]
    return fields, codes, MetricRules(names, options)


def _encoded(column: pa.ChunkedArray, options: CommonOptions) -> tuple[pa.ChunkedArray, list[str | None]]:
    """For each measurement the number of its metric, and the metrics by number."""
    codes, names = numbered(column)
    renamed = [options.rename.get(name or "", name) for name in names]
    if renamed == names:
        return codes, names
    numbers = {name: number for number, name in enumerate(dict.fromkeys(renamed))}
    return pa.array([numbers[name] for name in renamed], pa.int32()).take(codes), list(numbers)


def _readings(part: _Part, good: pa.Table, rules: MetricRules) -> pa.Table:
    value, unit = part.fields["value"], in_codes(part.fields["unit"])
    if rules.has_units:
        unit = pc.coalesce(unit, rules.unit.take(part.code))
    if rules.has_targets:
        value, unit = converted(value, unit, part.code, rules)
    value = pc.add(value, 0.0)  # -0.0 becomes 0.0: equal values are then equal bit for bit
    flags = good["flags"].take(part.head)
    if (own := part.fields["flags"]).null_count < len(own):
        flags = pc.bit_wise_or(flags, own.fill_null(0))
    if rules.has_limits:
        below, above = pc.less(value, rules.least.take(part.code)), pc.greater(value, rules.greatest.take(part.code))
        outside = pc.or_(below.fill_null(fill_value=False), above.fill_null(fill_value=False))
        flags = _with_flag(flags, outside, "out_of_range")
    flags = _with_flag(
        flags, pc.greater_equal(pc.abs(value), _OUT_OF_SCALE).fill_null(fill_value=False), "out_of_scale"
    )
    columns = {
        "row": good["row"].take(part.head),
        "device_id": good["device_id"].take(part.head),
        "metric": rules.name.take(part.code),
        "event_at": good["event_at"].take(part.head),
        "value": value,
        "value_text": part.fields["value_text"],
        "unit": unit,
        "flags": _lists(flags),
        "event_at_source": _SOURCES.take(good["time_source"].take(part.head)),
        "time_text": _taken(good["time_text"], part.head),
        "declared_id": _taken(good["declared_id"], part.head),
        "position": part.fields["position"],
    }
    return pa.table([columns[name] for name in READINGS_SCHEMA.names], schema=READINGS_SCHEMA)


def _taken(column: pa.ChunkedArray, index: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.take(index) if column.null_count < len(column) else pa.nulls(len(index), column.type)


def _lists(flags: pa.ChunkedArray) -> pa.ChunkedArray:
    if pc.any(pc.not_equal(flags, 0)).as_py():
        return _FLAG_LISTS.take(flags)
    nowhere = pa.repeat(pa.scalar(0, pa.int32()), len(flags) + 1)  # ten times as fast, and most readings have no flags
    return pa.ListArray.from_arrays(nowhere, pa.array([], pa.string()))


def _with_flag(flags: pa.ChunkedArray, mask: pa.ChunkedArray, flag: str) -> pa.ChunkedArray:
    if not pc.any(mask).as_py():
        return flags
    return pc.add(flags, pc.multiply(mask.cast(pa.int16()), pa.scalar(FLAG_BITS[flag], pa.int16())))


def _faults(part: _Part, good: pa.Table, rules: MetricRules) -> pa.Table:
    """Columns row, position, reason, detail and device_id of what measures nothing."""
    bad_name = rules.fault.take(part.code)
    return pa.table(
        {
            "row": good["row"].take(part.head),
            "position": part.fields["position"],
            "reason": pc.if_else(pc.is_valid(bad_name), "bad_metric", part.fields["reason"]),
            "detail": pc.coalesce(bad_name, part.fields["detail"]),
            "device_id": good["device_id"].take(part.head),
        }
    )


def _rejects(
    con: duckdb.DuckDBPyConnection, faults: pa.Table, heads: pa.Table, readings: pa.Table, field_faults: list[pa.Table]
) -> pa.Table:
    """The first fault of each message that has one, or that gave nothing at all."""
    told = distinct(readings["row"])
    if len(faults) == 0 and not field_faults and len(told) == len(heads):
        return _REJECTS_SCHEMA.empty_table()
    # In the order in which they were told, before all else.
    con.register("faults", faults.append_column("place", pa.array(range(-1 - len(faults), -1), pa.int32())))
    con.register("heads", heads.select(["row", "reason", "detail", "device_id"]))
    con.register("field_faults", pa.concat_tables([_NO_FAULTS, *field_faults]))
    con.register("told", pa.table({"row": told}))
    return con.sql(_REJECTS).to_arrow_table()
