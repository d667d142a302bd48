-- builds:  repeated, then silver.duplicates: each reading that was said before, or turns out to have been said before
-- from:    {batch} (batch, or none of it where nothing is said again), contenders, weighed, leaving, decoded_readings,
--          redelivered, bronze.files
-- Those of the batch that are not the first arrival; rows that an earlier arrival has displaced; all of a redelivery.
-- The ids of a file's messages form a range that no other file's overlaps, so the nearest start below decides where a
-- displaced row's message landed.
create or replace temp table repeated as
with later as (
    select a.device_id, a.metric, a.event_at, a.value, a.value_text, a.message_id, a.position
    from contenders a
    anti join weighed w
        on w.place = a.place
        and w.message_id = a.message_id
        and w.position = a.position
        and w.device_id = a.device_id
        and w.metric = a.metric
        and w.event_at = a.event_at
    where a.place = 'new'
    union all
    select r.device_id, r.metric, r.event_at, r.value, r.value_text, b.message_id, r.position
    from decoded_readings r
    join {batch} b using (row)
    where b.message_id in (select message_id from redelivered)
)
select later.*, b.received_at, b.landed_on
from later
join (select message_id, received_at, landed_on from {batch}) b using (message_id)
union all by name
select l.device_id, l.metric, l.event_at, l.value, l.value_text, l.message_id, l.position, l.received_at, f.landed_on
from leaving l
asof join (select * from bronze.files where state = 'entered' and first_message_id is not null) f
    on l.message_id >= f.first_message_id
where l.gone;

insert into silver.duplicates by name
select *, {batch_id}::bigint as batch_id
from repeated
order by received_at, message_id, position;
