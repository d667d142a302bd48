-- builds:  contenders, what there is something to weigh of: readings of which more than one claims a device, metric and
--          event time, or that have a declared id, and what stands already; contested, those claims
-- from:    arriving, incumbents
-- Mostly there is none, and whatever arrives holds. No window is made of that, as it takes ten times as long.
create or replace temp table contested as
select claim
from (
    select hash(device_id, metric, event_at) as claim from arriving
    union all
    select hash(device_id, metric, event_at) from incumbents
)
group by claim
having count(*) > 1;

create or replace temp table contenders as
select 'new' as place, *, {batch_id}::bigint as batch_id
from arriving
where declared_id is not null or hash(device_id, metric, event_at) in (from contested)
union all by name
select * from incumbents;
