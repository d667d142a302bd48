-- builds:  touched, silver's readings in the outdated minutes
-- from:    {readings} (silver.readings in the dirty minutes), {excluded} (hits of excluding rules there)
-- valid says that no flag and no rule keeps the reading out of aggregates.
create or replace temp table touched as
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
    minute_of(r.event_at) as bucket_at,
    not list_has_any(r.flags, [{excluding}])
        and (r.device_id, r.metric, r.event_at, r.message_id, r.position) not in (
            select (device_id, metric, event_at, message_id, position) from ({excluded})
        ) as valid
from ({readings}) r
