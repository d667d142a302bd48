-- What has changed most within the last hour, by its own scale: the change as a share of the day's range?
with newest as (select max(bucket_at) as at from gold.readings_1min),
day as (
    select device_id, metric, max("max") - min("min") as day_range,
        arg_max(last, last_at) as now,
        arg_max(last, last_at) filter (bucket_at <= newest.at - interval 1 hour) as before
    from gold.readings_1min, newest
    where bucket_at > newest.at - interval 1 day and n_valid > 0
    group by all
)
select device_id, metric, before, now, now - before as change, (now - before) / nullif(day_range, 0) as of_range
from day
where before is not null
order by abs(of_range) desc nulls last, device_id, metric
limit 20;
