-- builds:  present_status, the rows of gold.device_status as they are now
-- from:    silver.devices, gold.latest, gold.readings_1h, gold.device_status, moment (now_at and the settings of status)
-- Heard is what was received; what came more than a day after it was measured is history, and says nothing of now. Who
-- was silent is back only when it has been heard for as long as makes it late: a single sign of life is none.
create or replace temp table present_status as
with registry as (
    select
        device_id,
        arg_max(expected_interval_s, valid_from_at) as declared_s,
        min(valid_from_at) as known_at,
        min(first_seen_at) as first_seen_at
    from silver.devices
    where valid_to_at is null
    group by device_id
),
heard as (
    select
        device_id,
        max(if(received_at - event_at < interval 1 day, received_at, event_at)) as last_received_at,
        max(event_at) as last_event_at,
        min(value) filter (
            metric ilike '%battery%' and not regexp_matches(metric, '(?i)volt|temp|curr|charg|low|type')
            and value between 0 and 100
        ) as battery
    from gold.latest
    group by device_id
),
hours as (
    select device_id, bucket_at, max(n) as n
    from gold.readings_1h
    where bucket_at >= getvariable('status_from_at') and bucket_at < getvariable('status_until_at')
    group by device_id, bucket_at
),
apart as (
    select device_id, n, epoch(bucket_at - lag(bucket_at) over (partition by device_id order by bucket_at)) as apart_s
    from hours
),
learned as (
    select device_id, median(apart_s) / median(n) as interval_s
    from apart
    group by device_id
    having count(*) >= 3
),
paced as (
    select
        r.device_id,
        r.known_at,
        r.first_seen_at,
        h.last_received_at,
        h.last_event_at,
        h.battery,
        coalesce(r.declared_s, l.interval_s, p.interval_s) as interval_s,
        case
            when r.declared_s is not null then 'declared'
            when coalesce(l.interval_s, p.interval_s) is not null then 'learned'
        end as interval_source,
        p.state as state_before,
        p.since_at as since_before,
        p.back_at as back_before
    from registry r
    left join heard h using (device_id)
    left join learned l using (device_id)
    left join gold.device_status p using (device_id)
),
bounded as (
    select
        p.*,
        m.now_at,
        if(interval_s is null, m.late_s, greatest(interval_s, m.least_interval_s) * m.late_intervals) as late_after_s,
        if(
            interval_s is null, m.offline_s, greatest(interval_s, m.least_interval_s) * m.offline_intervals
        ) as offline_after_s,
        epoch(m.now_at - last_received_at) as silent_s
    from paced p
    cross join moment m
),
judged as (
    select
        *,
        case
            when last_received_at is null then 'never_seen'
            when silent_s >= offline_after_s then 'offline'
            when silent_s >= late_after_s then 'late'
            else 'online'
        end as seen_state
    from bounded
),
coming_back as (
    select
        *,
        case
            when state_before in ('late', 'offline') and seen_state = 'online' then coalesce(back_before, last_received_at)
        end as back_at
    from judged
),
settled as (
    select
        *,
        case
            when back_at is not null and epoch(now_at - back_at) < late_after_s then state_before
            when state_before = 'offline' and seen_state = 'late' then 'offline'
            else seen_state
        end as state
    from coming_back
)
select
    device_id,
    state,
    case
        when state = state_before then since_before
        when state = 'never_seen' then known_at
        when state = 'late' then last_received_at + to_microseconds((late_after_s * 1e6)::bigint)
        when state = 'offline' then last_received_at + to_microseconds((offline_after_s * 1e6)::bigint)
        else coalesce(back_at, first_seen_at, last_received_at)
    end as since_at,
    last_received_at,
    last_event_at,
    interval_s,
    interval_source,
    late_after_s,
    offline_after_s,
    if(state = 'online', null, back_at) as back_at,
    battery,
    case
        when battery <= 20 then 'critical'
        when battery <= 50 then 'low'
        when battery <= 80 then 'medium'
        when battery is not null then 'high'
    end as battery_bin,
    state_before
from settled
