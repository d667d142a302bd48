select
    route, shape, list_sort(list_distinct(flatten(list(numbers || texts)))) as metrics,
    sum(messages)::bigint as messages, min(first_seen_at) as since_at, max(last_seen_at) as last_seen_at,
    arg_min(example_topic, first_seen_at) as example_topic
from silver.schema_versions
group by route, shape
order by since_at desc, route, shape
limit $most
