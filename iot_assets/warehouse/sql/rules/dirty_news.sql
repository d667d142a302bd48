-- builds:  dirty_news, by series what came or went: its first minute, since and until when it was received, whether
--          anything went; known, the newest readings of these series as they were, and whether they count
-- from:    ops.dirty, rejudged_minutes, gold.latest
-- Where everything is judged again ({again}) nothing is taken for known.
create or replace temp table dirty_news as
select
    device_id,
    metric,
    min(minute_at) as first_minute_at,
    if({again}, timestamptz '1970-01-02 00:00:00+00', min(since_at)) as since_at,
    if({again}, timestamptz '2970-01-02 00:00:00+00', max(until_at)) as until_at,
    {again} or bool_or(removed) as removed
from rejudged_minutes
left join ops.dirty using (device_id, metric, minute_at)
group by device_id, metric;

create or replace temp table known as
select
    device_id,
    metric,
    event_at,
    value,
    value is not null and not list_has_any(flags, [{excluding}]) as counts
from gold.latest
semi join dirty_news using (device_id, metric)
