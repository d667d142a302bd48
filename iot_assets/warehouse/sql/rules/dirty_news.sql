-- builds:  dirty_news, by series what came or went: its first minute, since and until when it was received, whether
--          anything went; known, the newest readings of these series as they were, and whether they are
--          surely neighbours: of the kinds {alone}, no rule excludes them
-- from:    ops.dirty, rejudged_minutes, gold.latest, {again} (received times of the series that are judged again because
--          the rules have changed: nothing is taken for known of them)
create or replace temp table dirty_news as
with news as (
    select device_id, metric, since_at, until_at, removed from ops.dirty
    union all
    select device_id, metric, since_at, until_at, true from ({again})
)
select
    device_id,
    metric,
    m.first_minute_at,
    min(n.since_at) as since_at,
    max(n.until_at) as until_at,
    bool_or(n.removed) as removed
from (
    select device_id, metric, min(minute_at) as first_minute_at from rejudged_minutes group by device_id, metric
) m
join news n using (device_id, metric)
group by device_id, metric, m.first_minute_at;

create or replace temp table known as
select
    device_id,
    metric,
    event_at,
    value,
    value is not null
        and not list_has_any(flags, [{excluding}])
        and (device_id, metric, event_at) not in (
            select (device_id, metric, event_at) from gold.rule_hits where action = 'exclude' and kind in ({alone})
        ) as counts
from gold.latest
semi join dirty_news using (device_id, metric)
