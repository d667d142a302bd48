-- builds:  judged, a row per reading and rule about its neighbours that it breaks, for the readings of
--          judged_buckets (hours)
-- from:    rule_series, judged_buckets, {readings} (silver.readings there and as far around as a rule reaches, without
--          what a rule about its value alone excludes)
-- The series is what no flag of {excluding} keeps out, by (event_at, message_id, position). QARTOD's spike compares with
-- the mean of both neighbours; here it is the lesser of both jumps, where they go the same way, so that a step is none.
create or replace temp table judged as
with ours as (
    select * from rule_series where kind in ({kinds})
),
series as (
    select
        r.device_id,
        r.metric,
        r.event_at,
        r.message_id,
        r.position,
        r.unit,
        r.value,
        lag(r.value) over neighbours as before,
        lead(r.value) over neighbours as after,
        epoch_us(r.event_at) - lag(epoch_us(r.event_at)) over neighbours as since_us,
        lead(epoch_us(r.event_at)) over neighbours - epoch_us(r.event_at) as until_us
    from ({readings}) r
    semi join ours s on s.device_id = r.device_id and s.metric = r.metric
    where r.value is not null and not list_has_any(r.flags, [{excluding}])
    window neighbours as (partition by r.device_id, r.metric order by r.event_at, r.message_id, r.position)
),
compared as (
    select
        r.*,
        u.* exclude (device_id, metric),
        case u.kind
            when 'spike' then
                case
                    when sign(r.value - r.before) = sign(r.value - r.after)
                        and greatest(r.since_us, r.until_us) <= u.within_s * 1000000
                    then least(abs(r.value - r.before), abs(r.value - r.after))
                end
            when 'rate_of_change' then
                case
                    when r.since_us > 0 and r.since_us <= u.within_s * 1000000
                    then abs(r.value - r.before) / greatest(r.since_us / 1000000, u.over_s)
                end
        end as measure
    from series r
    semi join judged_buckets j
        on j.device_id = r.device_id
        and j.metric = r.metric
        and j.bucket_at = hour_of(r.event_at)
    join ours u
        on u.device_id = r.device_id
        and u.metric = r.metric
        and (len(u.units) = 0 or list_contains(u.units, coalesce(r.unit, '')))
)
select device_id, metric, event_at, message_id, position, rule, kind, action, value, measure, "limit" as bound
from compared
where measure > "limit"
