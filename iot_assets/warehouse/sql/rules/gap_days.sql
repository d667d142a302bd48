-- builds:  gap_days, the days of series in which every reading must be judged again; edges, the last sign of life before
--          each of them
-- from:    unclear, late, rule_series, rejudged_minutes, gold.readings_1d, gold.rule_hits
-- By the rhythm of one day the next that has readings is judged; so a day that has changed takes the days up to that one
-- along.
create or replace temp table gap_days as
with changed as (
    select distinct m.device_id, m.metric, day_of(m.minute_at) as bucket_at
    from rejudged_minutes m
    semi join late l on l.device_id = m.device_id and l.metric = m.metric
),
next as (
    select c.device_id, c.metric, c.bucket_at, min(d.bucket_at) as next_at
    from changed c
    join gold.readings_1d d
        on d.device_id = c.device_id
        and d.metric = c.metric
        and d.bucket_at > c.bucket_at
        and d.n_valid > 0
    group by c.device_id, c.metric, c.bucket_at
)
select device_id, metric, bucket_at from changed
union
select c.device_id, c.metric, d.bucket_at
from changed c
left join next n using (device_id, metric, bucket_at)
join gold.readings_1d d
    on d.device_id = c.device_id
    and d.metric = c.metric
    and d.bucket_at > c.bucket_at
    and d.bucket_at <= coalesce(n.next_at, d.bucket_at);

create or replace temp table edges as
with told as (
    select device_id, metric, bucket_at, last_at
    from gold.readings_1d
    semi join late using (device_id, metric)
    where n_valid > 0
),
excluded as (
    select device_id, metric, event_at as last_at
    from gold.rule_hits
    semi join late using (device_id, metric)
    where action = 'exclude'
)
select g.device_id, g.metric, t.last_at
from gap_days g
asof join told t on t.device_id = g.device_id and t.metric = g.metric and t.bucket_at < g.bucket_at
union
select g.device_id, g.metric, e.last_at
from gap_days g
asof join excluded e on e.device_id = g.device_id and e.metric = g.metric and e.last_at < g.bucket_at
