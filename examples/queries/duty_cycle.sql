-- Which share of the time was a device on, by day, for metrics that are only ever 0 or 1?
-- A state holds from its reading to the next one, but for no longer than an hour of silence.
with switches as (
    select device_id, metric from gold.readings_1d
    where n_valid > 0
    group by all
    having min("min") = 0 and max("max") = 1 and sum("sum") = sum(sum_squares)
),
held as (
    select device_id, metric, date_trunc('day', event_at) as day, value,
        (epoch_us(lead(event_at) over series) - epoch_us(event_at)) / 1e6 as seconds
    from silver.readings
    semi join switches using (device_id, metric)
    where value is not null
    window series as (partition by device_id, metric order by event_at)
)
select device_id, metric, day,
    round(100 * sum(value * least(seconds, 3600)) / nullif(sum(least(seconds, 3600)), 0), 2) as percent_on,
    round(sum(least(seconds, 3600)) / 3600, 2) as hours_known
from held
where seconds is not null
group by all
order by day desc, device_id, metric;
