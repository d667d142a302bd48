-- builds:  what changed of late in what the routes send (a query): changed_at, change, route, what, example_topic
-- from:    silver.schema_versions, {now}, {warn} (how long a change is told), {learn} (what a route sends so soon after
--          its first message is no change)
-- vanished: at least one message in a hundred had the metric, and none of the route's last day (24 hours before its
-- latest message) has it. A route that has fallen silent has lost nothing. Where a route has more shapes than are told
-- apart, a shape without new metrics is not told.
with shapes as (
    select
        route,
        shape,
        numbers,
        texts,
        sum(messages) as messages,
        min(first_seen_at) as first_at,
        max(last_seen_at) as last_at,
        arg_min(example_topic, first_seen_at) as example_topic
    from silver.schema_versions
    group by route, shape, numbers, texts
),
routes as (
    select
        route,
        min(first_at) + {learn} as learned_at,
        max(last_at) as last_at,
        bool_or(shape = 'other') as is_endless
    from shapes
    group by route
),
named as (
    select route, unnest(numbers) as metric, 'number' as kind, shape, messages, first_at, last_at, example_topic
    from shapes
    union all
    select route, unnest(texts), 'text', shape, messages, first_at, last_at, example_topic
    from shapes
),
kinds as (
    select route, metric, kind, min(first_at) as first_at, arg_min(example_topic, first_at) as example_topic
    from named
    group by route, metric, kind
),
metrics as (
    select
        route,
        metric,
        min(first_at) as first_at,
        max(last_at) as last_at,
        sum(messages) as messages,
        arg_max(example_topic, last_at) as example_topic
    from named
    group by route, metric
),
firsts as (
    select n.route, n.shape, n.first_at, string_agg(n.metric, ', ' order by n.metric) as metrics
    from named n
    join metrics m on m.route = n.route and m.metric = n.metric and m.first_at = n.first_at
    group by n.route, n.shape, n.first_at
),
changes as (
    select
        s.first_at as changed_at,
        'new shape' as change,
        s.route,
        coalesce(
            'new: ' || f.metrics,
            'known metrics together for the first time: ' || array_to_string(list_concat(s.numbers, s.texts), ', ')
        ) as what,
        s.example_topic
    from shapes s
    join routes r using (route)
    left join firsts f on f.route = s.route and f.shape = s.shape and f.first_at = s.first_at
    where s.first_at > r.learned_at
        and (f.metrics is not null or not r.is_endless)
    union all
    select
        k.first_at,
        'type changed',
        k.route,
        k.metric || ' is now a ' || k.kind || ', and was a ' || b.kind,
        k.example_topic
    from kinds k
    join kinds b on b.route = k.route and b.metric = k.metric and b.kind <> k.kind and b.first_at < k.first_at
    join routes r on r.route = k.route
    where k.first_at > r.learned_at
    union all
    select
        m.last_at + interval 24 hours,
        'vanished',
        m.route,
        m.metric || ' was last sent at ' || strftime(m.last_at, '%Y-%m-%d %H:%M:%S') || ' UTC',
        m.example_topic
    from metrics m
    join routes r using (route)
    where m.last_at < r.last_at - interval 24 hours
        and m.messages >= 0.01 * (select sum(s.messages) from shapes s where s.route = m.route and s.first_at <= m.last_at)
)
select *
from changes
where changed_at > {now} - {warn}
order by changed_at desc, route, change, what
