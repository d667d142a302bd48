-- builds:  standing, what silver holds already for any (device, metric, event time) that arrives, or at which a reading
--          stands that arrives once more at another time
-- from:    {readings}, {corrections} (silver's rows within the time spans that the batch touches), arriving,
--          forgotten (rows that a rebuild has just taken out; none otherwise)
create or replace temp table standing as
with named as (
    select distinct device_id, metric, declared_id, date_trunc('day', event_at) as day
    from arriving
    where declared_id is not null
),
touched as (
    select device_id, metric, event_at from arriving
    union
    select device_id, metric, event_at from forgotten
    union
    select s.device_id, s.metric, s.event_at
    from ({readings} union all {corrections}) s
    semi join named n
        on n.device_id = s.device_id
        and n.metric = s.metric
        and n.declared_id = s.declared_id
        and n.day = date_trunc('day', s.event_at)
)
select 'readings' as place, r.*
from ({readings}) r
semi join touched using (device_id, metric, event_at)
union all
select 'corrections' as place, c.*
from ({corrections}) c
semi join touched using (device_id, metric, event_at)
