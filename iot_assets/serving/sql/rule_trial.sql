-- What rules found in the readings of a time: a row per rule. A mean moves from that of all readings of a day that no
-- flag keeps out to that without the rule's hits.
with judged as (
    select device_id, metric, event_at, message_id, position, unit, value
    from silver.readings
    where event_at {span} and value is not null and not list_has_any(flags, [{excluding}])
),
counted as (
    select u.rule, u.kind, count(*) as readings
    from judged j
    join rule_series u
        on u.device_id = j.device_id
        and u.metric = j.metric
        and (len(u.units) = 0 or list_contains(u.units, coalesce(j.unit, '')))
    group by u.rule, u.kind
),
hits as (
    select rule, count(*) as hits, count(distinct device_id) as devices
    from gold.rule_hits
    where event_at {span}
    group by rule
),
concerned as (
    select distinct rule, device_id, metric, event_at::date as day from gold.rule_hits where event_at {span}
),
days as (
    select
        c.rule,
        avg(j.value) as mean,
        avg(j.value) filter (h.rule is null) as mean_without
    from concerned c
    join judged j on j.device_id = c.device_id and j.metric = c.metric and j.event_at::date = c.day
    left join gold.rule_hits h
        on h.rule = c.rule
        and h.device_id = j.device_id
        and h.metric = j.metric
        and h.event_at = j.event_at
        and h.message_id = j.message_id
        and h.position = j.position
    group by c.rule, c.device_id, c.metric, c.day
),
moved as (
    select rule, count(*) as days, max(abs(mean_without - mean)) as moves_mean_by from days group by rule
)
select
    r.rule,
    r.kind,
    coalesce(c.readings, 0) as readings,
    coalesce(h.hits, 0) as hits,
    h.hits / c.readings as share,
    coalesce(h.devices, 0) as devices,
    coalesce(m.days, 0) as days,
    m.moves_mean_by
from rules_in_force r
left join counted c using (rule)
left join hits h using (rule)
left join moved m using (rule)
order by r.rule
