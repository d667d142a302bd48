-- builds:  silver.devices and silver.metrics anew from the whole history of the registry
-- from:    registry_devices, registry_metrics (staged), silver.devices (for first and last sight, and devices that no
--          registry names)
create or replace temp table devices_before as from silver.devices;

create or replace temp table metrics_before as from silver.metrics;

create or replace temp table sightings as
select device_id, min(first_seen_at) as first_seen_at, max(last_seen_at) as last_seen_at
from silver.devices
group by device_id;

delete from silver.devices
where origin = 'registry' or device_id in (select device_id from registry_devices);

insert into silver.devices by name
select r.*, 'registry' as origin, s.first_seen_at, s.last_seen_at
from registry_devices r
left join sightings s using (device_id)
order by r.device_id, r.valid_from_at;

insert into silver.devices (device_id, origin, valid_from_at, first_seen_at, last_seen_at)
select device_id, 'seen', first_seen_at, first_seen_at, last_seen_at
from sightings
where first_seen_at is not null and device_id not in (select device_id from silver.devices);

delete from silver.metrics;

insert into silver.metrics by name
select * from registry_metrics order by device_id, metric, valid_from_at;
