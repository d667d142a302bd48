-- builds:  stepping, the series in which something may have arrived before what is of a later event time
-- from:    rule_series, dirty_news, fresh, chain, unclear, {later} (silver.readings received since the first news)
-- What was received since then and is not among the fresh lies in other minutes; where all of it is, {later} is empty.
create or replace temp table stepping as
with ours as (
    select distinct device_id, metric from rule_series where kind = 'clock_step'
),
among as (
    select f.device_id, f.metric, count(*) as readings
    from fresh f
    join dirty_news d on d.device_id = f.device_id and d.metric = f.metric and f.received_at >= d.since_at
    group by f.device_id, f.metric
),
backward as (
    select device_id, metric
    from (
        select
            device_id,
            metric,
            event_at,
            lag(event_at) over (
                partition by device_id, metric order by received_at, message_id, position
            ) as before_at
        from chain
    )
    where event_at < before_at
)
select n.device_id, n.metric, n.since_at, n.until_at
from dirty_news n
semi join ours using (device_id, metric)
semi join (
    select device_id, metric from unclear
    union all
    select device_id, metric from backward
    union all
    select l.device_id, l.metric
    from ({later}) l
    join dirty_news d on d.device_id = l.device_id and d.metric = l.metric and l.received_at >= d.since_at
    left join among a on a.device_id = l.device_id and a.metric = l.metric
    group by l.device_id, l.metric, a.readings
    having count(*) > coalesce(a.readings, 0)
    union all
    select h.device_id, h.metric
    from gold.rule_hits h
    semi join rejudged_minutes m
        on m.device_id = h.device_id and m.metric = h.metric and m.minute_at = minute_of(h.event_at)
    where h.kind = 'clock_step'
) using (device_id, metric)
