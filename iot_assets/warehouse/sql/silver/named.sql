-- builds:  the decoded readings, each with an id of its own where its message declares one (a query)
-- from:    decoded_readings
-- A message may hold a metric of a device more than once: then each has an id of its own.
select * from decoded_readings where declared_id is null
union all
select * exclude (place) replace (if(place = 1, declared_id, declared_id || '#' || place) as declared_id)
from (
    select
        *,
        row_number() over (
            partition by row, device_id, metric, declared_id order by position, event_at, value, value_text
        ) as place
    from decoded_readings
    where declared_id is not null
)
