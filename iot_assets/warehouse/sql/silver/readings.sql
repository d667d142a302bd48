-- builds:  silver.readings, silver.corrections: adds what is settled and does not stand there yet
-- from:    settled
-- {ordered}: by time, so that zone maps prune.
insert into silver.readings by name
select * exclude (place, holds) replace ({batch_id}::bigint as batch_id)
from settled
where holds and place <> 'readings'
{ordered};

insert into silver.corrections by name
select * exclude (place, holds) replace ({batch_id}::bigint as batch_id)
from settled
where not holds and place <> 'corrections'
{ordered};
