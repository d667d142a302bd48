-- builds:  silver.readings, silver.corrections: the reflagged rows back in their places; ops.dirty for the readings
-- from:    reflagged
insert into silver.readings by name
select * exclude (place), {batch_id}::bigint as batch_id
from reflagged
where place = 'readings'
order by event_at, device_id, metric;

insert into silver.corrections by name
select * exclude (place), {batch_id}::bigint as batch_id
from reflagged
where place = 'corrections'
order by event_at, device_id, metric;

insert into ops.dirty by name
select
    device_id,
    metric,
    minute_of(event_at) as minute_at,
    min(received_at) as since_at,
    max(received_at) as until_at,
    true as removed
from reflagged
where place = 'readings'
group by device_id, metric, minute_at;
