-- Where was a device silent for more than five of its usual intervals (the median between its readings)?
with steps as (
    select device_id, metric, event_at as until_at,
        lag(event_at) over series as from_at,
        (epoch_us(event_at) - epoch_us(lag(event_at) over series)) / 1e6 as seconds
    from silver.readings
    window series as (partition by device_id, metric order by event_at)
),
usual as (select device_id, metric, median(seconds) as interval_s from steps where seconds > 0 group by all)
select device_id, metric, from_at, until_at, seconds, interval_s, floor(seconds / interval_s - 0.5)::bigint as missing
from steps
join usual using (device_id, metric)
where seconds > 5 * interval_s
order by seconds desc, device_id, metric, from_at;
