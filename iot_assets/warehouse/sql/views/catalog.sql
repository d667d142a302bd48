-- builds:  gold.catalog
-- from:    gold.latest, gold.readings_1d, silver.devices, silver.metrics, gold.device_status, gold.quality_score
with series as (
    select device_id, metric from gold.latest
    union
    select device_id, metric from silver.metrics where valid_to_at is null
),
known as (
    select device_id, metric from series
    union all
    select device_id, null
    from silver.devices
    where valid_to_at is null and device_id not in (select device_id from series)
),
counted as (
    select
        device_id,
        metric,
        min(coalesce(first_at, bucket_at)) as since_at,
        sum(n)::bigint as readings,
        count(*) as days
    from gold.readings_1d
    group by device_id, metric
),
scored as (
    select name as device_id, arg_max(score, day) as score, arg_max(band, day) as band
    from gold.quality_score
    where scope = 'device'
    group by name
)
select
    k.device_id,
    k.metric,
    d.kind,
    d.manufacturer,
    d.model,
    d.site,
    coalesce(m.unit, l.unit) as unit,
    m.description,
    m.min as least,
    m.max as greatest,
    s.state,
    c.since_at,
    l.event_at as last_at,
    l.value as last_value,
    l.value_text as last_text,
    coalesce(c.readings, 0) as readings,
    coalesce(c.days, 0) as days,
    q.score,
    q.band
from known k
left join silver.devices d on d.device_id = k.device_id and d.valid_to_at is null
left join silver.metrics m on m.device_id = k.device_id and m.metric = k.metric and m.valid_to_at is null
left join gold.latest l on l.device_id = k.device_id and l.metric = k.metric
left join counted c on c.device_id = k.device_id and c.metric = k.metric
left join gold.device_status s on s.device_id = k.device_id
left join scored q on q.device_id = k.device_id
