-- builds:  dirty_minutes, touched: the outdated minutes, and silver's readings in them
-- from:    ops.dirty, {readings} (silver.readings within the time spans of the dirty minutes)
--          {excluded} (hits of excluding rules there)
-- valid says that no flag and no rule keeps the reading out of aggregates.
create or replace temp table touched as
select
    r.*,
    date_trunc('minute', r.event_at) as bucket_at,
    not list_has_any(r.flags, [{excluding}])
        and (r.device_id, r.metric, r.event_at, r.message_id, r.position) not in (
            select (device_id, metric, event_at, message_id, position) from ({excluded})
        ) as valid
from ({readings}) r
semi join dirty_minutes d
    on d.device_id = r.device_id
    and d.metric = r.metric
    and d.minute_at = date_trunc('minute', r.event_at)
