-- builds:  chain, the readings of the dirty minutes that any rule about neighbours is for, each with the one before it;
--          unclear, the series of which that does not tell all: then more must be read
-- from:    rule_series, rejudged_minutes, dirty_news, known (gold.latest as it was), {readings} (silver.readings there)
-- Mostly a series goes on where it ended: what it ended with is the newest known reading, or the first one in the
-- chain, if the arrival of anything else is later. Then nothing before or after can be judged differently.
create or replace temp table chain as
with windowed as (
    select distinct device_id, metric from rule_series where kind in ({kinds})
),
fresh as (
    select r.device_id, r.metric, r.event_at, r.message_id, r.position, r.unit, r.value, r.received_at, r.flags
    from ({readings}) r
    semi join windowed w on w.device_id = r.device_id and w.metric = r.metric
    semi join rejudged_minutes d
        on d.device_id = r.device_id
        and d.metric = r.metric
        and d.minute_at = date_trunc('minute', r.event_at)
    where r.value is not null and not list_has_any(r.flags, [{excluding}])
),
lined as (
    select
        f.*,
        lag(f.event_at) over line as before_at,
        lag(f.value) over line as before,
        row_number() over line = 1 as opens
    from fresh f
    window line as (partition by f.device_id, f.metric order by f.event_at, f.message_id, f.position)
)
select
    l.* exclude (before_at, before),
    n.first_minute_at,
    n.since_at,
    k.event_at as known_at,
    coalesce(l.before_at, if(k.event_at < n.first_minute_at and k.counts, k.event_at, null)) as before_at,
    coalesce(l.before, if(k.event_at < n.first_minute_at and k.counts, k.value, null)) as before
from lined l
join dirty_news n on n.device_id = l.device_id and n.metric = l.metric
left join known k on k.device_id = l.device_id and k.metric = l.metric;

create or replace temp table unclear as
select device_id, metric
from chain
where opens
    and not (
        known_at is null
        or (known_at < first_minute_at and before_at is not null)
        or (date_trunc('minute', known_at) = first_minute_at and received_at < since_at)
    )
union
select device_id, metric
from dirty_news
semi join (select device_id, metric from rule_series where kind in ({kinds})) using (device_id, metric)
where removed
