-- builds:  gold.fact_device_metrics_<kind>, one row a device and hour
-- from:    gold.readings_1h, gold.derived_1h, gold.dim_device; {of_kind} is a condition on kind, {columns} one a metric
with facts as (
    select device_id, bucket_at as hour_at, metric, 'measured' as source, mean as value
    from gold.readings_1h
    where n_valid > 0
    union all
    select device_id, bucket_at, metric, 'derived', value
    from gold.derived_1h
),
wide as (
    select
        device_id,
        hour_at,
        {columns}
    from facts
    where device_id in (
        select device_id from (select device_id, nullif(kind, '') as kind from gold.dim_device where is_current)
        where {of_kind}
    )
    group by device_id, hour_at
)
select d.device_key, w.*
from wide w
left join ({device_keys}) d on d.device_id = w.device_id and w.hour_at >= d.from_at and w.hour_at < d.until_at
