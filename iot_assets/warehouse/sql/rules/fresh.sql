-- builds:  fresh, the readings of {minutes}; sound says that no flag keeps a reading out of aggregates, counts that it is
--          one of its series
-- from:    {minutes} (rejudged_minutes or dirty_minutes), {readings} (silver.readings there)
-- What a flag of {excluding} keeps out is none of its series.
create or replace temp table fresh as
select
    r.device_id,
    r.metric,
    r.event_at,
    r.message_id,
    r.position,
    r.value,
    r.value_text,
    r.unit,
    r.flags,
    r.received_at,
    r.keep_all,
    minute_of(r.event_at) as minute_at,
    not list_has_any(r.flags, [{excluding}]) as sound,
    r.value is not null and sound as counts
from ({readings}) r
semi join {minutes} d
    on d.device_id = r.device_id
    and d.metric = r.metric
    and d.minute_at = minute_of(r.event_at)
