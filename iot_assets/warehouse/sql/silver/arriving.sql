-- builds:  arriving, the batch's readings with what the registry knew when they were received
-- from:    decoded_readings, batch, redelivered, silver.devices, silver.metrics
-- unknown_device is said only from the first registry on: before there is one, nobody can be unknown to it.
create or replace temp table arriving as
with registry as (
    select min(valid_from_at) as since_at
    from silver.devices
    where origin = 'registry'
)
select
    r.device_id,
    r.metric,
    r.event_at,
    r.value,
    r.value_text,
    coalesce(r.unit, m.unit) as unit,
    list_concat(
        r.flags,
        case
            when (r.value < m.min or r.value > m.max) and not list_contains(r.flags, 'out_of_range')
                then ['out_of_range']
            else []
        end,
        case
            when d.device_id is null and b.received_at >= registry.since_at then ['unknown_device']
            else []
        end
    ) as flags,
    r.event_at_source,
    r.time_text,
    b.received_at,
    b.message_id,
    r.position
from decoded_readings r
join batch b using (row)
cross join registry
left join silver.devices d
    on d.device_id = r.device_id
    and d.origin = 'registry'
    and d.valid_from_at <= b.received_at
    and (d.valid_to_at is null or d.valid_to_at > b.received_at)
left join silver.metrics m
    on m.device_id = r.device_id
    and m.metric = r.metric
    and m.valid_from_at <= b.received_at
    and (m.valid_to_at is null or m.valid_to_at > b.received_at)
where r.row not in (select row from redelivered)
