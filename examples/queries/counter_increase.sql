-- How much did each counter count by hour, though it may start again at 0? Counters: metrics that end in total or count.
with steps as (
    select device_id, metric, event_at, value, lag(value) over series as before
    from silver.readings
    where value is not null and (metric like '%total%' or metric like '%count%')
    window series as (partition by device_id, metric order by event_at)
)
select device_id, metric, time_bucket(interval 1 hour, event_at) as hour_at,
    sum(if(value >= before, value - before, value)) as increase, count(*) filter (value < before) as restarts
from steps
where before is not null
group by all
order by hour_at desc, device_id, metric;
