-- builds:  silver.device_routes: by which routes the devices of the batch were heard
-- from:    decoded_readings, decoded_outcomes
-- Of a message that is read with a birth its sender was heard, whatever comes out, since another birth may change that.
insert into silver.device_routes
select distinct device_id, route
from (
    select device_id, route from decoded_readings where sender is null
    union all
    select sender, route from decoded_outcomes where sender is not null
)
where route is not null
except
select device_id, route from silver.device_routes
