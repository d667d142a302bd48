-- builds:  the batch's readings as decoded, redeliveries left out (a query)
-- from:    {readings} (decoded_readings, or named.sql where any declares an id), decoded_outcomes, batch, redelivered
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
from {readings} r
join batch b using (row)
join decoded_outcomes o using (row)
where b.message_id not in (select message_id from redelivered)
