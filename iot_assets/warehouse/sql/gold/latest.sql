-- builds:  newest, the rows of gold.latest for each dirty device and metric
-- from:    dirty_minutes, fresh, gold.latest, silver.readings, {cold} (silver's days that only the lake has)
-- The newest reading is the newest of the touched ones and the one known so far, if that lies in no dirty minute. Where
-- the one known so far is gone and nothing as new has come, silver is searched; that happens after a rebuild only.
create or replace temp table newest as
with pairs as (
    select distinct device_id, metric from dirty_minutes
),
known as (
    select
        l.*,
        d.minute_at is not null as outdated
    from gold.latest l
    semi join pairs using (device_id, metric)
    left join dirty_minutes d
        on d.device_id = l.device_id
        and d.metric = l.metric
        and d.minute_at = minute_of(l.event_at)
),
arrived as (
    select device_id, metric, max(event_at) as event_at from fresh group by device_id, metric
),
lost as (
    select k.device_id, k.metric
    from known k
    left join arrived a using (device_id, metric)
    where k.outdated and (a.event_at is null or a.event_at < k.event_at)
),
candidates as (
    select device_id, metric, event_at, value, value_text, unit, flags, received_at, message_id, position
    from fresh
    semi join arrived using (device_id, metric, event_at)
    where event_at >= (select min(event_at) from arrived)
    union all
    select device_id, metric, event_at, value, value_text, unit, flags, received_at, message_id, -1
    from known
    where not outdated
    union all
    select device_id, metric, event_at, value, value_text, unit, flags, received_at, message_id, position
    from (select * from silver.readings union all select * from ({cold}))
    semi join lost using (device_id, metric)
)
select * exclude (position), []::varchar[] as rules
from candidates
qualify row_number() over (
    partition by device_id, metric
    order by event_at desc, received_at desc, message_id desc, position desc
) = 1
