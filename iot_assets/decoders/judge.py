"""From what an engine found to readings and rejects: identity, time, limits, flags; the same for every convention.

Belongs here: rules of the data model. Does not: the syntax of any convention.
It reads ``records`` and ``fields`` (see ``json_record``) and ``faults(row, reason, detail)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from iot_assets.decoders.quoting import by_metric, literal
from iot_assets.decoders.times import event_us, is_naive

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from iot_assets.decoders.decoded import Bounds
    from iot_assets.decoders.options import CommonOptions

#: 2000-01-01: no device that measures today was set before it; clocks that lost their battery say 1970.
_YEAR_2000_US: Final = 946_684_800_000_000
#: From this magnitude on the exact sums cannot hold a value.
_OUT_OF_SCALE: Final = "1e12"


def judge_records(con: duckdb.DuckDBPyConnection, options: CommonOptions, bounds: Bounds) -> None:
    """Make ``heads``: of each record the device id, the event time and its flags, or the reason why there is none."""
    zone_assumed = "naive" if options.timezone is None else "false"
    con.execute(
        f"""
        create temp table heads as
        with named as (
            select * exclude (time_text), coalesce(device_captured, device) as name, trim(time_text) as t,
                time_text as raw_time, epoch_us(received_at) as received_us,
                device_prefix || coalesce(device_captured, device) || device_suffix as device_id
            from records
        ),
        timed as (
            select *, {event_us("t", timezone=options.timezone, epoch_unit=options.epoch_unit)} as us, {is_naive("t")} as naive
            from named
        ),
        judged as (
            select *,
                coalesce(us < {_YEAR_2000_US} or us > received_us + {bounds.future_minutes * 60_000_000}, false) as suspect,
                coalesce(us >= {_YEAR_2000_US} and us < received_us - {bounds.stale_days * 86_400_000_000}, false) as stale,
                coalesce({zone_assumed} and us is not null, false) as assumed,
                case
                    when device_captured is null and device_fault then 'bad_device'
                    when name is null or trim(name) = '' then 'missing_device'
                    when length(device_id) > 200 or regexp_matches(device_id, '\\p{{Cc}}') then 'bad_device'
                    when time_fault or (t is not null and us is null) then 'bad_time'
                end as reason
            from timed
        )
        select row, record, device_id, declared_id, reason,
            case when us is null or suspect then received_at else make_timestamptz(us) end as event_at,
            case when us is null or suspect then 'received' else 'payload' end as event_at_source,
            case when suspect then raw_time end as time_text,
            case when assumed or stale or suspect then list_filter(
                [case when assumed then 'zone_assumed' end, case when stale then 'stale' end,
                    case when suspect then 'clock_suspect' end],
                lambda flag: flag is not null
            ) else []::varchar[] end as flags,
            case reason
                when 'bad_device' then coalesce(left(device_id, 100), 'it is neither a string nor a number')
                when 'bad_time' then coalesce(left(raw_time, 100), 'it is neither a string nor a number')
            end as detail
        from judged
        """
    )


def readings(con: duckdb.DuckDBPyConnection, options: CommonOptions) -> pa.Table:
    """The readings, in no particular order."""
    ranges = {metric: _outside(*limits) for metric, limits in options.limits.items()}
    return con.sql(
        f"""
        select f.row, h.device_id, {f"{literal(options.prefix)} || " if options.prefix else ""}f.metric as metric,
            h.event_at, f.value, f.value_text, {_unit(options)} as unit,
            case when {_outside_limits(ranges)} or abs(f.value) >= {_OUT_OF_SCALE} then list_concat(
                h.flags,
                list_filter(
                    [case when {_outside_limits(ranges)} then 'out_of_range' end,
                        case when abs(f.value) >= {_OUT_OF_SCALE} then 'out_of_scale' end],
                    lambda flag: flag is not null
                )
            ) else h.flags end as flags,
            h.event_at_source, h.time_text, h.declared_id, f.position
        from fields f join heads h using (record)
        where h.reason is null and f.reason is null
        """
    ).to_arrow_table()


def rejects(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """The first fault of each message that has one, or that gave nothing at all; columns row, reason, detail."""
    return con.sql(
        """
        with bad as (
            select row, -2 as place, reason, detail from faults
            union all
            select row, -1, reason, detail from heads where reason is not null
            union all
            select f.row, f.position, f.reason, f.detail
            from fields f join heads h using (record)
            where f.reason is not null and h.reason is null
        ),
        empty as (
            select row from heads where reason is null
            except
            select row from fields
        ),
        first_bad as (
            select row, arg_min(reason, place) as reason, arg_min(detail, place) as detail, count(*) as n
            from bad group by row
        )
        select row, reason, case when n > 1 then coalesce(detail, '') || ' (and ' || (n - 1) || ' more)' else detail end as detail
        from first_bad
        union all
        select row, 'missing_value', 'no field holds a number, a truth value or text' from empty
        """
    ).to_arrow_table()


def _unit(options: CommonOptions) -> str:
    declared = by_metric("f.metric", {metric: literal(unit) for metric, unit in options.units.items()}, "null")
    return f"coalesce(f.unit, {declared})"


def _outside(least: float | None, greatest: float | None) -> str:
    parts = [f"f.value < {least!r}"] if least is not None else []
    parts += [f"f.value > {greatest!r}"] if greatest is not None else []
    return f"({' or '.join(parts) or 'false'})"


def _outside_limits(ranges: dict[str, str]) -> str:
    return by_metric("f.metric", ranges, "false")
