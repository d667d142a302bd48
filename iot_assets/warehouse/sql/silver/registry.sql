-- builds:  silver.devices and silver.metrics anew for the concerned devices
-- from:    concerned, held_devices, held_metrics, silver.devices (for first and last sight, and devices of which nobody
--          has said anything)
create or replace temp table devices_before as
select * from silver.devices semi join concerned using (device_id);

create or replace temp table metrics_before as
select * from silver.metrics semi join concerned using (device_id);

create or replace temp table sightings as
select device_id, min(first_seen_at) as first_seen_at, max(last_seen_at) as last_seen_at
from devices_before
group by device_id;

delete from silver.devices where device_id in (select device_id from concerned);

insert into silver.devices by name
select h.*, s.first_seen_at, s.last_seen_at
from held_devices h
left join sightings s using (device_id)
order by h.device_id, h.valid_from_at;

insert into silver.devices (device_id, origin, valid_from_at, first_seen_at, last_seen_at)
select device_id, 'seen', first_seen_at, first_seen_at, last_seen_at
from sightings
where first_seen_at is not null and device_id not in (select device_id from held_devices);

delete from silver.metrics where device_id in (select device_id from concerned);

insert into silver.metrics by name
select * from held_metrics order by device_id, metric, valid_from_at;
