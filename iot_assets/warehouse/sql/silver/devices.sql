-- builds:  silver.devices: first and last sight of the devices of the batch; devices that no registry names get a row
-- from:    decoded_readings, decoded_outcomes, batch (redeliveries too: the sight of a device is a matter of the
--          messages alone)
-- Messages are numbered in the order of arrival, so the least number of a device is its first sight.
-- Of a message that is read with a birth its sender is seen, whatever comes out, since another birth may change that.
create or replace temp table seen as
select s.device_id, f.received_at as first_at, l.received_at as last_at
from (
    select device_id, min(row) as first_row, max(row) as last_row
    from (
        select row, device_id
        from decoded_readings
        where sender is null
        union all
        select row, sender from decoded_outcomes where sender is not null
    )
    group by device_id
) s
join batch f on f.row = s.first_row
join batch l on l.row = s.last_row;

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
