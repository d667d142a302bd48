-- builds:  recounted, by how much the numbers of duplicates change
-- from:    repeated, unrepeated
create or replace temp table recounted as
with changes as (
    select device_id, metric, event_at, landed_on, 1 as duplicates from repeated
    union all
    select device_id, metric, event_at, landed_on, -1 from unrepeated
)
select device_id, metric, hour_of(event_at) as hour_at, landed_on, sum(duplicates)::bigint as duplicates
from changes
group by all
having sum(duplicates) <> 0
