-- builds:  silver.readings, silver.corrections: adds what is settled and does not stand there yet
-- from:    settled
-- Sorted by time, so that zone maps prune.
insert into silver.readings by name
select * exclude (place, holds) replace ({batch_id}::bigint as batch_id)
from settled
where holds and place <> 'readings'
order by event_at, device_id, metric;

insert into silver.corrections by name
select * exclude (place, holds) replace ({batch_id}::bigint as batch_id)
from settled
where not holds and place <> 'corrections'
order by event_at, device_id, metric;
