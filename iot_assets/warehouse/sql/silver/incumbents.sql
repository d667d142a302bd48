-- builds:  incumbents, what silver holds already for what is present
-- from:    {readings}, {corrections} (silver's rows within the time spans of present), present
create or replace temp table incumbents as
select 'readings' as place, r.*
from ({readings}) r
semi join present using (device_id, metric, event_at)
union all
select 'corrections' as place, c.*
from ({corrections}) c
semi join present using (device_id, metric, event_at)
