-- builds:  flat, those hours that may hold the end of a flat line: no hour within reach tells of change, and something
--          was there when it would have begun
-- from:    unchanged, flat_dirty, {rollups} (gold.readings_1h as far back as a flat line reaches, as it was), {readings}
--          (silver.readings of the dirty hours, where any hour asks for them)
create or replace temp table flat as
with told as (
    select r.device_id, r.metric, r.bucket_at, r."min", r."max"
    from ({rollups}) r
    anti join flat_dirty d on d.device_id = r.device_id and d.metric = r.metric and d.bucket_at = r.bucket_at
    union all
    select r.device_id, r.metric, hour_of(r.event_at) as bucket_at, min(r.value), max(r.value)
    from ({readings}) r
    semi join flat_dirty d
        on d.device_id = r.device_id
        and d.metric = r.metric
        and d.bucket_at = hour_of(r.event_at)
    where r.value is not null and not list_has_any(r.flags, [{excluding}])
    group by all
)
select u.device_id, u.metric, u.rule, u.for_s, u.bucket_at
from unchanged u
left join told t
    on t.device_id = u.device_id
    and t.metric = u.metric
    and t.bucket_at < u.bucket_at
    and t.bucket_at >= u.bucket_at - to_seconds(2 * u.for_s + 3600)
group by u.device_id, u.metric, u.rule, u.bucket_at, u.for_s, u.tolerance
having (u.for_s < 3600 or bool_or(t.bucket_at <= u.bucket_at + to_seconds(3600 - u.for_s)))
    and coalesce(
        max(t."max") filter (t.bucket_at >= u.bucket_at - to_seconds(u.for_s - 3600))
        - min(t."min") filter (t.bucket_at >= u.bucket_at - to_seconds(u.for_s - 3600)) <= 2 * u.tolerance,
        true
    )
