-- builds:  silver.device_routes: by which routes the devices of the batch were heard
-- from:    decoded_readings, decoded_outcomes
-- Of a message that is read with a birth its sender was heard, whatever comes out, since another birth may change that.
insert into silver.device_routes
select distinct coalesce(o.sender, r.device_id), o.route
from decoded_outcomes o
left join decoded_readings r using (row)
where o.route is not null and coalesce(o.sender, r.device_id) is not null
except
select device_id, route from silver.device_routes
