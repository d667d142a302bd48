-- builds:  judged_hours, the rows of gold.quality_hourly for the hours of judging
-- from:    judging (device_id, hour_at), judged_until (until_at, late_after_s, forget_days), {days} (gold.readings_1d,
--          from forget_days before), {hours} (gold.readings_1h, from two hours before), {readings} (silver.readings),
--          {duplicates} (silver.duplicate_counts), {hits} (gold.rule_hits), {rejects} (silver.rejects), ops.rhythm,
--          silver.devices
-- Expected is how many of the series' own intervals ended in the hour. They are counted from the last reading before
-- it, if that was on time, up to the last reading in it, so that jitter at the edge of an hour makes no reading miss;
-- what an hour lacks after that is counted from there on. The declared interval is the device's; a metric that it sends
-- less often than its others has the rhythm of its own.
create or replace temp table judged_hours as
with expecting as (
    select device_id, metric, date_of(bucket_at) + days::integer as day, bool_or(days > 0) as known_before
    from ({days})
    cross join (select unnest(range(0, (select forget_days + 1 from judged_until))) as days)
    group by all
),
asked as (
    select j.device_id, e.metric, j.hour_at, e.day, e.known_before
    from judging j
    join expecting e on e.device_id = j.device_id and e.day = date_of(j.hour_at)
),
series_days as (
    select distinct device_id, metric, day from asked
),
learned as (
    select
        s.device_id,
        s.metric,
        s.day,
        max({'day': r.day, 'interval_s': coalesce(r.interval_s, -1)}).interval_s as interval_s
    from series_days s
    left join ops.rhythm r
        on r.device_id = s.device_id
        and r.metric = s.metric
        and r.day <= s.day
        and r.day >= s.day - (select forget_days from judged_until)::integer
    group by all
),
paced as (
    select
        * replace (nullif(interval_s, -1) as interval_s),
        min(nullif(interval_s, -1)) over (partition by device_id, day) as fastest_s
    from learned
),
rolled as (
    select device_id, metric, bucket_at as hour_at, n, n_valid, n_excluded, first_at, last_at
    from ({hours})
),
beginnings as (
    select device_id, metric, date_of(bucket_at) as day, hour_of(first_at) as hour_at
    from ({days})
),
held as (
    select j.device_id, j.hour_at, d.expected_interval_s as declared_s
    from judging j
    join silver.devices d
        on d.device_id = j.device_id
        and d.valid_from_at <= j.hour_at
        and (d.valid_to_at is null or d.valid_to_at > j.hour_at)
    where d.expected_interval_s is not null
),
ready as (
    select
        a.device_id,
        a.metric,
        a.hour_at,
        least(a.hour_at + interval 1 hour, u.until_at) as until_at,
        coalesce(h.declared_s, p.interval_s) as interval_s,
        h.declared_s is not null as declared,
        a.known_before or a.hour_at > b.hour_at as known_before,
        r.n,
        r.n_valid,
        r.n_excluded,
        r.first_at,
        r.last_at,
        coalesce(one.last_at, two.last_at) as before_at
    from asked a
    cross join judged_until u
    left join paced p on p.device_id = a.device_id and p.metric = a.metric and p.day = a.day
    left join held h
        on h.device_id = a.device_id
        and h.hour_at = a.hour_at
        and coalesce(p.interval_s <= 1.5 * p.fastest_s, p.fastest_s is null)
    left join beginnings b on b.device_id = a.device_id and b.metric = a.metric and b.day = a.day
    left join rolled r on r.device_id = a.device_id and r.metric = a.metric and r.hour_at = a.hour_at
    left join rolled one
        on one.device_id = a.device_id and one.metric = a.metric and one.hour_at = a.hour_at - interval 1 hour
    left join rolled two
        on two.device_id = a.device_id and two.metric = a.metric and two.hour_at = a.hour_at - interval 2 hour
    where r.n is not null or a.known_before or a.hour_at > b.hour_at
),
started as (
    select
        *,
        case
            when before_at >= hour_at - to_microseconds((1.5e6 * interval_s)::bigint) then before_at
            when not known_before and first_at is not null then first_at - to_microseconds((1e6 * interval_s)::bigint)
            else hour_at - to_microseconds((0.5e6 * interval_s)::bigint)
        end as from_at
    from ready
),
counted as (
    select
        *,
        case
            when interval_s is null or interval_s > 3600 then null
            when last_at is not null then
                greatest(1, round(epoch(last_at - from_at) / interval_s))
                + greatest(0, floor(epoch(until_at - last_at) / interval_s - 0.5))
            else greatest(0, floor(epoch(until_at - from_at) / interval_s - 0.5))
        end::bigint as expected
    from started
),
repeated as (
    select device_id, metric, hour_at, sum(duplicates)::bigint as duplicates
    from ({duplicates})
    group by all
),
delayed as (
    select device_id, metric, hour_of(event_at) as hour_at, count(*) as late
    from ({readings})
    where value is not null
        and epoch_us(received_at) - epoch_us(event_at) > (1e6 * (select late_after_s from judged_until))::bigint
    group by all
),
refused as (
    select device_id, hour_of(received_at) as hour_at, count(*) as rejected
    from ({rejects})
    where device_id is not null
    group by all
),
broken as (
    select
        device_id,
        metric,
        hour_of(event_at) as hour_at,
        count(distinct (event_at, message_id, position)) filter (
            kind in ('suspect_range', 'spike', 'rate_of_change', 'flat_line', 'clock_step')
        ) as inconsistent,
        count(distinct (event_at, message_id, position)) filter (kind = 'gap') as gaps,
        max(measure) filter (kind = 'gap') as longest_gap_s
    from ({hits})
    group by all
)
select
    device_id,
    metric,
    hour_at,
    until_at,
    interval_s,
    if(interval_s is null, null, if(declared, 'declared', 'learned')) as interval_source,
    expected,
    coalesce(n, 0) as received,
    coalesce(n_valid, 0) as "valid",
    coalesce(n_excluded, 0) as excluded,
    coalesce(duplicates, 0) as duplicates,
    coalesce(late, 0) as late,
    coalesce(rejected, 0) as rejected,
    coalesce(inconsistent, 0) as inconsistent,
    coalesce(gaps, 0) as gaps,
    longest_gap_s,
    last_at as newest_at,
    epoch(until_at - last_at) as freshness_s,
    coalesce(n, 0) / nullif(max(n) over (partition by device_id, hour_at), 0) as fill_rate,
    if(expected > 0, least(coalesce(n, 0) / expected, 1), null) as completeness,
    n_valid / n as validity,
    case
        when least(coalesce(n, 0) / nullif(expected, 0), n_valid / n) >= 0.95 then 'good'
        when least(coalesce(n, 0) / nullif(expected, 0), n_valid / n) >= 0.80 then 'warning'
        else 'poor'
    end as band
from counted
left join repeated using (device_id, metric, hour_at)
left join delayed using (device_id, metric, hour_at)
left join refused using (device_id, hour_at)
left join broken using (device_id, metric, hour_at)
where n > 0 or expected > 0
