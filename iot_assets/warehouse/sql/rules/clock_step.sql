-- builds:  judged, a row per reading whose event time is before that of the one that arrived before it; standing, what was
--          said of these readings, and of those in the dirty minutes that are no more
-- from:    stepping (series, since and until when something arrived or went), rule_series, rejudged_minutes,
--          chain, {readings} (silver.readings received then and as far around as a rule reaches), gold.rule_hits
-- What the device itself says to be of another time (flag historical) takes no part.
create or replace temp table arrivals as
select
    r.device_id,
    r.metric,
    r.event_at,
    r.message_id,
    r.position,
    r.unit,
    r.value,
    r.received_at,
    lag(r.event_at) over arrival as before_at,
    lag(r.received_at) over arrival as received_before_at
from ({readings}) r
semi join stepping s on s.device_id = r.device_id and s.metric = r.metric
where r.value is not null and not list_has_any(r.flags, [{excluding}]) and not list_contains(r.flags, 'historical')
window arrival as (partition by r.device_id, r.metric order by r.received_at, r.message_id, r.position);

create or replace temp table judged as
select
    a.device_id,
    a.metric,
    a.event_at,
    a.message_id,
    a.position,
    u.rule,
    u.kind,
    u.action,
    a.value,
    (epoch_us(a.before_at) - epoch_us(a.event_at)) / 1000000 as measure,
    coalesce(u."limit", 0) as bound
from arrivals a
join stepping s using (device_id, metric)
join rule_series u
    on u.device_id = a.device_id
    and u.metric = a.metric
    and u.kind = 'clock_step'
    and (len(u.units) = 0 or list_contains(u.units, coalesce(a.unit, '')))
where a.received_at between s.since_at and s.until_at + to_microseconds({reach_us})
    and epoch_us(a.received_at) - epoch_us(a.received_before_at) <= u.within_s * 1000000
    and (epoch_us(a.before_at) - epoch_us(a.event_at)) / 1000000 > coalesce(u."limit", 0);

create or replace temp table standing as
select h.*
from gold.rule_hits h
semi join stepping s on s.device_id = h.device_id and s.metric = h.metric
where h.kind = 'clock_step'
    and (
        (h.device_id, h.metric, h.event_at, h.message_id, h.position) in (
            select (a.device_id, a.metric, a.event_at, a.message_id, a.position)
            from arrivals a
            join stepping s using (device_id, metric)
            where a.received_at between s.since_at and s.until_at + to_microseconds({reach_us})
        )
        or (
            (h.device_id, h.metric, minute_of(h.event_at)) in (
                select (device_id, metric, minute_at) from rejudged_minutes
            )
            and (h.device_id, h.metric, h.event_at, h.message_id, h.position) not in (
                select (device_id, metric, event_at, message_id, position) from chain
            )
        )
    )
