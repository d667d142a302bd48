-- builds:  fresh, the readings of the minutes that are judged again; counts says that a reading is one of its series
-- from:    rejudged_minutes, {readings} (silver.readings there)
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
    r.value is not null and not list_has_any(r.flags, [{excluding}]) as counts
from ({readings}) r
semi join rejudged_minutes d
    on d.device_id = r.device_id
    and d.metric = r.metric
    and d.minute_at = minute_of(r.event_at)
