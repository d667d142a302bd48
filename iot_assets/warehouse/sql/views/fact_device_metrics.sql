-- builds:  gold.fact_device_metrics
-- from:    gold.readings_1h, gold.derived_1h, gold.latest (units), gold.dim_device
with facts as (
    select
        device_id,
        metric,
        'measured' as source,
        bucket_at as hour_at,
        n_valid as n,
        mean as value,
        "min",
        "max",
        "first",
        "last",
        null as unit
    from gold.readings_1h
    where n_valid > 0
    union all
    select device_id, metric, 'derived', bucket_at, n, value, null, null, null, null, unit
    from gold.derived_1h
)
select
    d.device_key,
    f.device_id,
    f.metric,
    f.source,
    f.hour_at,
    f.n,
    f.value,
    f."min",
    f."max",
    f."first",
    f."last",
    case when f.source = 'measured' then l.unit else f.unit end as unit
from facts f
left join ({device_keys}) d on d.device_id = f.device_id and f.hour_at >= d.from_at and f.hour_at < d.until_at
left join gold.latest l on l.device_id = f.device_id and l.metric = f.metric
