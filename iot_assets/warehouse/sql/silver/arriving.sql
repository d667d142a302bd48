-- builds:  the batch's readings as decoded, redeliveries left out (a query)
-- from:    {readings} (decoded_readings, or named.sql where any declares an id), {redelivered}
select
    device_id,
    metric,
    event_at,
    value,
    value_text,
    unit,
    flags,
    event_at_source,
    time_text,
    received_at,
    message_id,
    position,
    declared_id,
    keep_all
from {readings}
where message_id not in (select message_id from {redelivered})
