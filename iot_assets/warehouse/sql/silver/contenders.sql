-- builds:  contenders, what there is something to weigh of: readings of which more than one claims a device, metric and
--          event time, or that have a declared id, and what stands already; contested, those claims
-- from:    arriving, incumbents, {claims} (a claim of each of these, or none where no two are the same)
-- Mostly there is none, and whatever arrives holds. No window is made of that, as it takes ten times as long.
create or replace temp table contested as
select claim from ({claims}) group by claim having count(*) > 1;

create or replace temp table contenders as
select 'new' as place, *, {batch_id}::bigint as batch_id
from arriving
where declared_id is not null or hash(device_id, metric, event_at) in (from contested)
union all by name
select * from incumbents;
