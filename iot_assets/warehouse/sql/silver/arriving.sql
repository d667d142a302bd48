-- builds:  unjudged, the batch's readings as decoded, redeliveries left out
-- from:    decoded_readings, batch, redelivered
create or replace temp table unjudged as
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
    r.position
from decoded_readings r
join batch b using (row)
where b.message_id not in (select message_id from redelivered)
