-- Buckets of one day in which a rollup differs from what silver says.
with usable as (
    select
        device_id,
        metric,
        event_at,
        value,
        flags && ['out_of_range', 'clock_suspect', 'out_of_scale']
            or exists (
                from gold.rule_hits h
                where h.action = 'exclude' and h.event_at >= {from} and h.event_at < {to}
                    and h.device_id = r.device_id and h.metric = r.metric and h.event_at = r.event_at
                    and h.message_id = r.message_id and h.position = r.position
            ) as excluded
    from {readings} r -- silver.readings of that day, wherever it is
    where value is not null
),
expected as (
    select
        'minute' as width,
        device_id,
        metric,
        time_bucket(interval 1 minute, event_at) as bucket_at,
        count(*) as n,
        count(*) filter (not excluded) as n_valid,
        sum((case when excluded then null else value end)::decimal(38, 12)) as total,
        min(value) filter (not excluded) as low,
        max(value) filter (not excluded) as high
    from usable
    group by device_id, metric, bucket_at
),
present as (
    select 'minute' as width, device_id, metric, bucket_at, n, n_valid, "sum" as total, "min" as low, "max" as high
    from {readings_1min}
),
expected_by_width as (
    select w.width, e.* exclude (width) from expected e cross join (values ('hour'), ('day')) w (width)
),
coarse_expected as (
    select
        width,
        device_id,
        metric,
        time_bucket(case width when 'hour' then interval 1 hour else interval 1 day end, bucket_at) as bucket_at,
        sum(n) as n,
        sum(n_valid) as n_valid,
        sum(total) as total,
        min(low) as low,
        max(high) as high
    from expected_by_width
    group by all
),
coarse_present as (
    select 'hour' as width, device_id, metric, bucket_at, n, n_valid, "sum" as total, "min" as low, "max" as high
    from {readings_1h}
    union all
    select 'day', device_id, metric, bucket_at, n, n_valid, "sum", "min", "max"
    from gold.readings_1d
    where bucket_at >= {from} and bucket_at < {to}
)
select 'silver says otherwise' as problem, *
from (
    (select * from expected union all select * from coarse_expected)
    except
    (select * from present union all select * from coarse_present)
)
union all
select 'silver does not say so', *
from (
    (select * from present union all select * from coarse_present)
    except
    (select * from expected union all select * from coarse_expected)
)
