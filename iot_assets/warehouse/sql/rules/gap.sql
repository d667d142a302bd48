-- builds:  judged, a row per reading that ends a gap and rule
-- from:    gap_steps, rule_series, {readings} (silver.readings at these times), {hours} (gold.readings_1h of the days by
--          whose rhythm a gap is judged), gap_rhythm_days, silver.devices
-- QARTOD's timing/gap test, with the device's own interval: the declared one when the reading was received; else it is
-- learned from the last day before that of the reading: what three in four of the times between that day's hours do
-- not exceed, and half as long again as the longest of them is no gap either.
create or replace temp table judged as
with ended as (
    select g.gap_us, r.*
    from gap_steps g
    join ({readings}) r on r.device_id = g.device_id and r.metric = g.metric and r.event_at = g.event_at
    where r.value is not null and not list_has_any(r.flags, [{excluding}])
    qualify row_number() over (
        partition by r.device_id, r.metric, r.event_at order by r.message_id, r.position
    ) = 1
),
between_hours as (
    select
        h.device_id,
        h.metric,
        day_of(h.bucket_at) as day_at,
        epoch_us(h.first_at) - lag(epoch_us(h.last_at)) over (
            partition by h.device_id, h.metric, day_of(h.bucket_at) order by h.bucket_at
        ) as step_us
    from ({hours}) h
    semi join gap_rhythm_days d
        on d.device_id = h.device_id and d.metric = h.metric and d.day_at = day_of(h.bucket_at)
    where h.n_valid > 0
),
rhythm as (
    select
        device_id,
        metric,
        day_at,
        list_sort(list(step_us))[(3 * count(*) + 3) // 4] as interval_us,
        max(step_us) as longest_us
    from between_hours
    where step_us is not null
    group by device_id, metric, day_at
    having count(*) >= 2
),
bounded as (
    select
        e.*,
        u.rule,
        u.kind,
        u.action,
        case
            when u.intervals is null then u.for_s
            when d.expected_interval_s is not null then greatest(u.for_s, u.intervals * d.expected_interval_s)
            when r.interval_us is not null
            then greatest(u.for_s, u.intervals * r.interval_us / 1000000, 1.5 * r.longest_us / 1000000)
        end as bound
    from ended e
    join rule_series u
        on u.device_id = e.device_id
        and u.metric = e.metric
        and u.kind = 'gap'
        and (len(u.units) = 0 or list_contains(u.units, coalesce(e.unit, '')))
    left join silver.devices d
        on d.device_id = e.device_id
        and d.valid_from_at <= e.received_at
        and coalesce(d.valid_to_at, 'infinity') > e.received_at
    left join gap_rhythm_days g
        on g.device_id = e.device_id and g.metric = e.metric and g.on_at = day_of(e.event_at)
    left join rhythm r on r.device_id = e.device_id and r.metric = e.metric and r.day_at = g.day_at
)
select
    device_id,
    metric,
    event_at,
    message_id,
    position,
    rule,
    kind,
    action,
    value,
    gap_us / 1000000 as measure,
    bound
from bounded
where gap_us / 1000000 > bound
