-- builds:  silver.device_routes: by which routes the devices of the batch were heard
-- from:    decoded_readings, decoded_outcomes
insert into silver.device_routes
select distinct r.device_id, o.route
from decoded_readings r
join decoded_outcomes o using (row)
where o.route is not null
except
select device_id, route from silver.device_routes
