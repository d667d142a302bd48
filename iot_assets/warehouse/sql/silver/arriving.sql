-- builds:  unjudged, the batch's readings as decoded, redeliveries left out
-- from:    decoded_readings, decoded_outcomes, batch, redelivered
-- A message may hold a metric of a device more than once: then each has an id of its own.
create or replace temp table unjudged as
with named as (
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
)
select
    r.device_id,
    r.metric,
    r.event_at,
    r.value,
    r.value_text,
    r.unit,
    r.flags,
    r.event_at_source,
    r.time_text,
    b.received_at,
    b.message_id,
    r.position,
    r.declared_id,
    o.keep_all
from named r
join batch b using (row)
join decoded_outcomes o using (row)
where b.message_id not in (select message_id from redelivered)
