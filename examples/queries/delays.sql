-- How late do readings arrive after they were measured, by device?
select device_id, count(*) as readings, median(delay_s) as median_s, quantile_cont(delay_s, 0.95) as p95_s,
    max(delay_s) as worst_s, count(*) filter (delay_s > 300) as later_than_5_minutes
from (
    select device_id, (epoch_us(received_at) - epoch_us(event_at)) / 1e6 as delay_s
    from silver.readings
    where event_at_source <> 'received' and not list_contains(flags, 'clock_suspect')
)
group by all
order by p95_s desc, device_id;
