select
    route,
    shape,
    list_sort(list_distinct(flatten(list(numbers)))) as numbers,
    list_sort(list_distinct(flatten(list(texts)))) as texts,
    sum(messages)::bigint as messages,
    min(first_seen_at) as since_at,
    max(last_seen_at) as last_seen_at,
    arg_min(example_topic, (first_seen_at, example_message_id)) as example_topic,
    arg_min(example_message_id, (first_seen_at, example_message_id)) as example_message_id,
    arg_min(example_payload, (first_seen_at, example_message_id)) as example_payload
from silver.schema_versions
where $route is null or route glob $route
group by route, shape
order by route, since_at, shape
