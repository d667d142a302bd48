-- builds:  silver.schema_versions: the arriving shapes added to those of their routes and landed days
-- from:    arriving_shapes, silver.schema_versions
-- Of a route and landed day the {most} shapes with the most metrics are kept; the others become one row, other. The
-- order is one of shapes alone, so that what is kept does not depend on the order of arrival.
create or replace temp table merged_shapes as
with touched as (
    select distinct route, landed_on from arriving_shapes
),
together as (
    select * from arriving_shapes
    union all by name
    select * from silver.schema_versions semi join touched using (route, landed_on)
),
labelled as (
    select
        * replace (
            case
                when shape = 'other' then shape
                when dense_rank() over (
                    partition by route, landed_on
                    order by shape = 'other', len(numbers) + len(texts) desc, shape
                ) > {most} then 'other'
                else shape
            end as shape
        )
    from together
)
select
    route,
    shape,
    landed_on,
    list_sort(list_distinct(flatten(list(numbers))))[:{names}] as numbers,
    list_sort(list_distinct(flatten(list(texts))))[:{names}] as texts,
    sum(messages)::bigint as messages,
    min(first_seen_at) as first_seen_at,
    max(last_seen_at) as last_seen_at,
    arg_min(example_message_id, (first_seen_at, example_message_id)) as example_message_id,
    arg_min(example_topic, (first_seen_at, example_message_id)) as example_topic,
    arg_min(example_payload, (first_seen_at, example_message_id)) as example_payload
from labelled
group by route, shape, landed_on;

delete from silver.schema_versions
where (route, landed_on) in (select (route, landed_on) from merged_shapes);

insert into silver.schema_versions by name
select * from merged_shapes order by route, landed_on, shape;
