-- builds:  judged, a row per reading and rule about its value alone that it breaks, for the readings of
--          judged_buckets (minutes)
-- from:    rule_series, judged_buckets, {readings} (silver.readings there)
-- What a flag of {excluding} keeps out is not judged.
create or replace temp table judged as
with bounded as (
    select
        r.device_id,
        r.metric,
        r.event_at,
        r.message_id,
        r.position,
        u.rule,
        u.kind,
        u.action,
        r.value,
        r.value as measure,
        case
            when u.kind = 'sentinel' then if(list_contains(u.sentinels, r.value), r.value, null)
            when r.value < u.low then u.low
            when r.value > u.high then u.high
        end as bound
    from ({readings}) r
    semi join judged_buckets j
        on j.device_id = r.device_id
        and j.metric = r.metric
        and j.bucket_at = minute_of(r.event_at)
    join rule_series u
        on u.device_id = r.device_id
        and u.metric = r.metric
        and u.kind in ({kinds})
        and (len(u.units) = 0 or list_contains(u.units, coalesce(r.unit, '')))
    where r.value is not null and not list_has_any(r.flags, [{excluding}])
)
select *
from bounded
where bound is not null
