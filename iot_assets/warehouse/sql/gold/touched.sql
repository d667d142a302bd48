-- builds:  touched, silver's readings in the outdated minutes
-- from:    fresh, {excluded} (hits of excluding rules there), {any} (whether there are any)
-- valid says that no flag and no rule keeps the reading out of aggregates.
create or replace temp view touched as
select
    r.* exclude (minute_at, sound, counts),
    r.minute_at as bucket_at,
    r.sound and not (
        {any} and (r.device_id, r.metric, r.event_at, r.message_id, r.position) in (
            select (device_id, metric, event_at, message_id, position) from ({excluded})
        )
    ) as valid
from fresh r
