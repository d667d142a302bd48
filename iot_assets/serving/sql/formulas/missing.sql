-- Buckets in which the formula gives nothing though one of its metrics is there: by device and what is missing.
-- Filled in are the rows of the rollup, and what the formula made of them.
with present as (
    select
        device_id,
        bucket_at,
        list(metric) filter (n_valid > 0) as valid,
        list(metric) as sent
    from ({rows})
    where list_contains($metrics, metric)
    group by device_id, bucket_at
),
nothing as (
    select
        device_id,
        bucket_at,
        list_filter($metrics::varchar[], lambda m: not list_contains(sent, m)) as missing,
        list_filter($metrics::varchar[], lambda m: list_contains(sent, m) and not coalesce(list_contains(valid, m), false))
            as excluded
    from present
    anti join ({made}) using (device_id, bucket_at)
)
select
    device_id,
    missing,
    excluded,
    count(*) as buckets,
    min(bucket_at) as first_at,
    max(bucket_at) as last_at
from nothing
group by device_id, missing, excluded
order by device_id, missing, excluded
