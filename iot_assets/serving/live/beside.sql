-- The tail beside a publication, in memory: what it adds, what it replaces, and both as one.
drop schema if exists memory.live cascade;
create schema memory.live;

create table memory.live.added as select * from serving.silver.readings limit 0;
create table memory.live.corrected as select * from serving.silver.corrections limit 0;
create table memory.live.newest as select *, 0::integer as position from serving.gold.latest limit 0;

-- Published rows that the tail has displaced.
create table memory.live.replaced as
select 'readings' as place, device_id, metric, event_at, message_id, position from serving.silver.readings limit 0;

create view memory.live.readings as
select * from serving.silver.readings
anti join (select * from memory.live.replaced where place = 'readings')
    using (device_id, metric, event_at, message_id, position)
union all
select * from memory.live.added;

create view memory.live.corrections as
select * from serving.silver.corrections
anti join (select * from memory.live.replaced where place = 'corrections')
    using (device_id, metric, event_at, message_id, position)
union all
select * from memory.live.corrected;

create view memory.live.latest as
select * from serving.gold.latest
anti join memory.live.newest using (device_id, metric)
union all by name
select * exclude (position) from memory.live.newest;

create temp table forgotten as select * from serving.silver.readings limit 0;
