-- builds:  silver.devices: first and last sight of the devices of the batch; devices that no registry names get a row
-- from:    decoded_readings, decoded_outcomes, batch (redeliveries too: the sight of a device is a matter of the
--          messages alone)
-- Of a message that is read with a birth its sender is seen, whatever comes out, since another birth may change that.
create or replace temp table seen as
select device_id, min(b.received_at) as first_at, max(b.received_at) as last_at
from (
    select row, device_id
    from decoded_readings
    where row not in (select row from decoded_outcomes where sender is not null)
    union all
    select row, sender from decoded_outcomes where sender is not null
)
join batch b using (row)
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
