-- builds:  unclear, the series of which what arrived does not tell all: then more must be read; restless, those in which a
--          rule about neighbours may have anything to say of what arrived; chain, the readings of the restless, each with
--          the one before it
-- from:    rule_series, fresh, dirty_news, known (gold.latest as it was), {hits} (gold.rule_hits there)
-- Mostly a series goes on where it ended: what it ended with is the newest known reading, or the first one in the
-- chain, if the arrival of anything else is later. Then nothing before or after can be judged differently.
-- And mostly extremes tell that nothing can be wrong: no two values are farther apart than the least and the greatest, no
-- event times farther back than the delays of arrival differ, and no gap is longer than the minutes that had no reading.
-- Putting each reading beside the one before it takes twenty times as long.
create or replace temp table spread as
select
    device_id,
    metric,
    min(lo) as lo,
    max(hi) as hi,
    min(first_at) as first_at,
    max(most_late_us) - min(least_late_us) as unsteady_us,
    (epoch_us(max(minute_at)) - epoch_us(min(minute_at))) // 60000000 + 1 - count(*) as empty_minutes
from (
    select
        device_id,
        metric,
        minute_at,
        min(value) as lo,
        max(value) as hi,
        min(event_at) as first_at,
        min(epoch_us(received_at) - epoch_us(event_at)) as least_late_us,
        max(epoch_us(received_at) - epoch_us(event_at)) as most_late_us
    from fresh
    where counts
    group by device_id, metric, minute_at
)
group by device_id, metric;

create or replace temp table unclear as
with windowed as (
    select distinct device_id, metric from rule_series where kind in ({kinds})
),
opening as (
    select f.device_id, f.metric, f.received_at
    from (select * from fresh where counts) f
    join spread s on s.device_id = f.device_id and s.metric = f.metric and s.first_at = f.event_at
    qualify row_number() over (partition by f.device_id, f.metric order by f.message_id, f.position) = 1
)
select o.device_id, o.metric
from opening o
semi join windowed w on w.device_id = o.device_id and w.metric = o.metric
join dirty_news n on n.device_id = o.device_id and n.metric = o.metric
join known k on k.device_id = o.device_id and k.metric = o.metric
where not (
    (k.event_at < n.first_minute_at and k.counts)
    or (minute_of(k.event_at) = n.first_minute_at and o.received_at < n.since_at)
)
union
select device_id, metric
from dirty_news
semi join windowed using (device_id, metric)
where removed;

create or replace temp table restless as
with bounds as (
    select
        device_id,
        metric,
        min(case kind when 'spike' then "limit" when 'rate_of_change' then "limit" * over_s end) as jump,
        min(coalesce("limit", 0)) filter (kind = 'clock_step') as back_s,
        min(for_s) filter (kind = 'gap') as gap_s
    from rule_series
    where kind in ({kinds})
    group by device_id, metric
)
select b.device_id, b.metric
from spread s
join bounds b on b.device_id = s.device_id and b.metric = s.metric
left join known k on k.device_id = s.device_id and k.metric = s.metric
where greatest(s.hi, k.value) - least(s.lo, k.value) > b.jump
    or s.unsteady_us > b.back_s * 1000000
    or s.empty_minutes > b.gap_s / 60 - 2
    or epoch_us(s.first_at) - epoch_us(k.event_at) > b.gap_s * 1000000
union
select h.device_id, h.metric
from ({hits}) h
semi join bounds b on b.device_id = h.device_id and b.metric = h.metric;

create or replace temp table chain as
with lined as (
    select
        f.device_id,
        f.metric,
        f.event_at,
        f.message_id,
        f.position,
        f.unit,
        f.value,
        f.received_at,
        lag(f.event_at) over line as before_at,
        lag(f.value) over line as before
    from (select * from fresh where counts) f
    semi join restless using (device_id, metric)
    window line as (partition by f.device_id, f.metric order by f.event_at, f.message_id, f.position)
)
select
    l.* exclude (before_at, before),
    coalesce(l.before_at, if(k.event_at < n.first_minute_at and k.counts, k.event_at, null)) as before_at,
    coalesce(l.before, if(k.event_at < n.first_minute_at and k.counts, k.value, null)) as before
from lined l
join dirty_news n on n.device_id = l.device_id and n.metric = l.metric
left join known k on k.device_id = l.device_id and k.metric = l.metric
