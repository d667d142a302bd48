-- builds:  dirtied, then ops.dirty: the minutes whose rollups are outdated by what was added, replaced or removed
-- from:    settled, leaving, {forgotten}
-- What a message brought before and brings again, when it is settled once more, outdates nothing. since_at and until_at
-- are the received times of what came or went, removed says that something went.
create or replace temp table dirtied as
with unchanged as (
    select s.device_id, s.metric, s.event_at, s.message_id, s.position
    from {forgotten} f
    join settled s using (device_id, metric, event_at, message_id, position)
    where f.place = 'readings'
        and s.holds
        and s.value is not distinct from f.value
        and s.value_text is not distinct from f.value_text
        and s.unit is not distinct from f.unit
        and s.flags = f.flags
),
changed as (
    select device_id, metric, event_at, message_id, position, received_at, false as removed
    from settled
    where holds and place <> 'readings'
    union all
    select device_id, metric, event_at, message_id, position, received_at, true from {forgotten} where place = 'readings'
)
select
    device_id,
    metric,
    minute_of(event_at) as minute_at,
    min(received_at) as since_at,
    max(received_at) as until_at,
    bool_or(removed) as removed
from (
    select device_id, metric, event_at, received_at, removed
    from changed
    anti join unchanged using (device_id, metric, event_at, message_id, position)
    union all
    select device_id, metric, event_at, received_at, true from leaving where place = 'readings'
)
group by device_id, metric, minute_at;
