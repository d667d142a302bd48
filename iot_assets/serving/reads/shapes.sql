select
    route, shape, list_sort(list_distinct(flatten(list(numbers || texts)))) as metrics,
    sum(messages)::bigint as messages, min(first_seen_at) as since_at, max(last_seen_at) as last_seen_at,
    arg_min(example_topic, first_seen_at) as example_topic,
    row_number() over (partition by route order by min(first_seen_at), shape) = 1 as first_of_route
from silver.schema_versions
group by route, shape
order by since_at desc, route, shape
limit $most
