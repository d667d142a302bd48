-- For how long at a stretch was a series above its own 90th percentile? The longest stretches of minutes.
with bounds as (
    select device_id, metric, quantile_cont(mean, 0.9) as bound from gold.readings_1min where n_valid > 0 group by all
),
high as (
    select device_id, metric, bound, bucket_at, mean,
        bucket_at - interval 1 minute * row_number() over (partition by device_id, metric order by bucket_at) as stretch
    from gold.readings_1min
    join bounds using (device_id, metric)
    where mean > bound
)
select device_id, metric, min(bucket_at) as from_at, max(bucket_at) + interval 1 minute as until_at,
    count(*) as minutes, max(mean) as highest, any_value(bound) as bound
from high
group by device_id, metric, stretch
order by minutes desc, device_id, metric, from_at
limit 50;
