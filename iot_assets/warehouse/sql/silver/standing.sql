-- builds:  standing, what silver holds already for any (device, metric, event time) that arrives
-- from:    {readings}, {corrections} (silver's rows within the time spans that the batch touches), arriving,
--          forgotten (rows that a rebuild has just taken out; none otherwise)
create or replace temp table standing as
with touched as (
    select device_id, metric, event_at from arriving
    union
    select device_id, metric, event_at from forgotten
)
select 'readings' as place, r.*
from ({readings}) r
semi join touched using (device_id, metric, event_at)
union all
select 'corrections' as place, c.*
from ({corrections}) c
semi join touched using (device_id, metric, event_at)
