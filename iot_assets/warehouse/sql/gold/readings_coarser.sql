-- builds:  healed, the rows of the rollup of the width {width} for the dirty buckets
-- from:    dirty_buckets, {finer} (the next finer rollup within the time spans of the dirty buckets)
-- Where nothing is valid, first_at and last_at are null and say nothing; else no two parts of a series share one.
create or replace temp table healed as
with parts as (
    select
        f.* exclude (bucket_at),
        {width}_of(f.bucket_at) as bucket_at,
        {'value': f."first", 'message': f.first_message_id} as opened,
        {'value': f."last", 'message': f.last_message_id} as closed
    from ({finer}) f
    semi join dirty_buckets d
        on d.device_id = f.device_id
        and d.metric = f.metric
        and d.bucket_at = {width}_of(f.bucket_at)
),
summed as (
    select
        device_id,
        metric,
        bucket_at,
        sum(n)::bigint as n,
        sum(n_valid)::bigint as n_valid,
        sum(n_excluded)::bigint as n_excluded,
        sum("sum") as "sum",
        case
            when bool_or(n_valid > 0 and sum_squares is null) then null
            else sum(sum_squares)
        end as sum_squares,
        min("min") as "min",
        max("max") as "max",
        min(first_at) as first_at,
        arg_min(opened, first_at) as opening,
        max(last_at) as last_at,
        arg_max(closed, last_at) as closing
    from parts
    group by device_id, metric, bucket_at
)
select
    device_id,
    metric,
    bucket_at,
    n,
    n_valid,
    n_excluded,
    "sum",
    sum_squares,
    "sum"::double / n_valid as mean,
    "min",
    "max",
    opening.value as "first",
    first_at,
    opening.message as first_message_id,
    closing.value as "last",
    last_at,
    closing.message as last_message_id
from summed
