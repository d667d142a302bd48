-- How fast does each value change, per second, from one reading to the next?
-- Times are taken to the microsecond, so two readings within one second have their true rate; two of the very same
-- instant have none.
with steps as (
    select device_id, metric, event_at, value,
        value - lag(value) over series as change,
        (epoch_us(event_at) - epoch_us(lag(event_at) over series)) / 1e6 as seconds
    from silver.readings
    where value is not null
        and not list_has_any(flags, ['out_of_range', 'clock_suspect', 'bad_quality', 'out_of_scale'])
    window series as (partition by device_id, metric order by event_at, received_at, message_id, position)
)
select device_id, metric, event_at, value, change, seconds, change / nullif(seconds, 0) as per_second
from steps
where change is not null
order by abs(per_second) desc nulls last, device_id, metric, event_at
limit 100;
