-- What did one device read when the other did: each reading with the other's newest before it, at most a minute old?
-- The two devices with most readings of the metric that most have; name yours in the first part.
with asked as (
    select metric, list(device_id order by readings desc, device_id) as devices
    from (select metric, device_id, sum(n_valid) as readings from gold.readings_1d group by all)
    group by metric
    having count(*) >= 2
    order by count(*) desc, sum(readings) desc, metric
    limit 1
),
one as (
    select event_at, value from silver.readings, asked
    where readings.metric = asked.metric and device_id = devices[1] and value is not null
),
other as (
    select event_at, value from silver.readings, asked
    where readings.metric = asked.metric and device_id = devices[2] and value is not null
)
select one.event_at, asked.devices[1] as one_device, one.value as one_value,
    asked.devices[2] as other_device, other.value as other_value, other.event_at as other_at,
    one.value - other.value as difference
from asked, one
asof join other on one.event_at >= other.event_at
where one.event_at - other.event_at <= interval 1 minute
order by one.event_at;
