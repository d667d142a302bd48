-- Where do the last ten minutes differ most from the last 24 hours, in standard deviations of those?
with newest as (select max(bucket_at) as at from gold.readings_1min),
day as (
    select device_id, metric, avg(mean) as mean, stddev_samp(mean) as deviation
    from gold.readings_1min, newest
    where bucket_at > newest.at - interval 24 hours and n_valid > 0
    group by all
),
lately as (
    select device_id, metric, (sum("sum") / sum(n_valid))::double as mean
    from gold.readings_1min, newest
    where bucket_at > newest.at - interval 10 minutes and n_valid > 0
    group by all
)
select device_id, metric, lately.mean as last_10_minutes, day.mean as last_24_hours,
    lately.mean - day.mean as difference, (lately.mean - day.mean) / nullif(day.deviation, 0) as in_deviations
from lately
join day using (device_id, metric)
order by abs(in_deviations) desc nulls last, device_id, metric;
