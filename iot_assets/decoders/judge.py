"""Who and when: of each record the device, the event time and how far to believe it; the same for every convention.

Belongs here: the data model's rules of identity and time. Does not: reading times (``times``), values (``assemble``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from iot_assets.decoders.times import timed

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from iot_assets.decoders.decoded import Bounds
    from iot_assets.decoders.options import CommonOptions

#: 2000-01-01: no device that measures today was set before it; clocks that lost their battery say 1970.
_YEAR_2000_US: Final = 946_684_800_000_000

#: Flags as bits, in the order in which they stand in a reading's list.
FLAG_BITS: Final = {
    "zone_assumed": 1,
    "stale": 2,
    "clock_suspect": 4,
    "out_of_range": 8,
    "out_of_scale": 16,
    "uncertain": 32,
    "bad_quality": 64,
    "historical": 128,
}


def judge(con: duckdb.DuckDBPyConnection, options: CommonOptions, bounds: Bounds) -> pa.Table:
    """The heads of the view ``records``.

    Columns: record, row, device_id, declared_id, event_at, time_source (0: received, 1: the payload's, 2: the payload's
    relative to another time), time_text (what was not believed), flags (``FLAG_BITS``), reason and detail (why the
    record gives no readings, or null).
    """
    future_us, stale_us = bounds.future_minutes * 60_000_000, bounds.stale_days * 86_400_000_000
    assumed = f"if(naive, {FLAG_BITS['zone_assumed']}, 0)" if options.timezone is None else "0"
    return con.sql(
        f"""
        with named as (
            select *, coalesce(t, known_us::varchar) as raw_time,
                coalesce(device_captured, device, device_default) as name,
                device_prefix || coalesce(device_captured, device, device_default) || device_suffix as device_id,
                epoch_us(received_at) as received_us
            from records
        ),
        timed as ({timed("select * from named", timezone=options.timezone, epoch_unit=options.epoch_unit)}),
        known as (
            select * replace (coalesce(known_us, us) as us, naive and known_us is null as naive)
            from timed
        ),
        believed as (
            select *, us is not null and us >= {_YEAR_2000_US} and us <= received_us + {future_us} as own_time
            from known
        )
        select record, row, device_id, declared_id,
            case when not own_time then 0 when relative then 2 else 1 end::tinyint as time_source,
            case when own_time then make_timestamptz(us) else received_at end as event_at,
            case when us is not null and not own_time then raw_time end as time_text,
            (
                case
                    when us is null then 0
                    when not own_time then {FLAG_BITS["clock_suspect"]}
                    when us < received_us - {stale_us} then {FLAG_BITS["stale"]}
                    else 0
                end
                + {assumed}
            )::smallint as flags,
            {_REASON} as reason,
            case reason
                when 'bad_device' then coalesce(left(device_id, 100), 'it is neither a string nor a number')
                when 'bad_time' then coalesce(left(raw_time, 100), 'it is neither a string nor a number')
            end as detail
        from believed
        """
    ).to_arrow_table()


# What sorts before '!' begins with a space or a control character; only that is looked at more closely.
_REASON: Final = r"""case
                when device_captured is null and device_fault then 'bad_device'
                when name is null or if(name < '!', trim(name) = '', false) then 'missing_device'
                when length(device_id) > 200 or regexp_matches(device_id, '\p{Cc}') then 'bad_device'
                when time_fault or (raw_time is not null and us is null) then 'bad_time'
            end"""
