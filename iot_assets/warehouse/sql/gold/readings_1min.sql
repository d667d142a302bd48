-- builds:  healed, the rows of gold.readings_1min for the dirty minutes
-- from:    touched, {order} (which of two readings of a minute is before the other)
-- Sums are fixed point, so they do not depend on the order of arrival. A square of 1e18 or more would leave no room for
-- a day of them, so sum_squares is null where a valid value reaches 1e9.
create or replace temp table healed as
with numeric as (
    select
        device_id,
        metric,
        bucket_at,
        valid,
        value,
        case when valid then value end as valid_value,
        case when valid then event_at end as valid_at,
        {'value': value, 'message': message_id} as said,
        case when valid then {order} end as place
    from touched
    where value is not null
),
summed as (
    select
        device_id,
        metric,
        bucket_at,
        count(*) as n,
        count(*) filter (valid) as n_valid,
        count(*) filter (not valid) as n_excluded,
        sum(try_cast(valid_value as decimal(38, 12))) as "sum",
        case
            when max(abs(valid_value)) >= 1e9 then null
            else sum(try_cast(valid_value * valid_value as decimal(38, 12)))
        end as sum_squares,
        min(valid_value) as "min",
        max(valid_value) as "max",
        min(valid_at) as first_at,
        arg_min(said, place) as opening,
        max(valid_at) as last_at,
        arg_max(said, place) as closing
    from numeric
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
