-- builds:  silver.devices: first and last sight of the devices of the batch; devices that no registry names get a row
-- from:    arriving
create or replace temp table seen as
select device_id, min(received_at) as first_at, max(received_at) as last_at
from arriving
group by device_id;

update silver.devices
set
    first_seen_at = least(silver.devices.first_seen_at, seen.first_at),
    last_seen_at = greatest(silver.devices.last_seen_at, seen.last_at),
    valid_from_at = case
        when silver.devices.origin = 'seen' then least(silver.devices.valid_from_at, seen.first_at)
        else silver.devices.valid_from_at
    end
from seen
where seen.device_id = silver.devices.device_id;

insert into silver.devices (device_id, origin, valid_from_at, first_seen_at, last_seen_at)
select device_id, 'seen', first_at, first_at, last_at
from seen
where device_id not in (select device_id from silver.devices);
