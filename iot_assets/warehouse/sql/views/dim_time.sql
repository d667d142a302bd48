-- builds:  gold.dim_time
-- from:    gold.readings_1d, silver.devices, gold.device_events, gold.alerts
-- Calendar parts are those of UTC, whatever zone the session has: they are taken from instants without a zone.
with instants as (
    select min(bucket_at) as first_at, max(bucket_at) as last_at from gold.readings_1d
    union all
    select least(min(first_seen_at), min(valid_from_at)), greatest(max(first_seen_at), max(valid_from_at))
    from silver.devices
    union all
    select min(happened_at), max(happened_at) from gold.device_events
    union all
    select min(raised_at), max(raised_at) from gold.alerts
),
span as (
    select
        date_trunc('day', make_timestamp(epoch_us(min(first_at)))) as first_day,
        date_trunc('day', make_timestamp(epoch_us(max(last_at)))) as last_day
    from instants
),
hours as (
    select unnest(range(first_day::timestamp, last_day::timestamp + interval 1 day, interval 1 hour)) as hour
    from span
)
select
    to_timestamp(epoch(hour)) as hour_at,
    hour::date as date,
    year(hour)::integer as year,
    quarter(hour)::integer as quarter,
    month(hour)::integer as month,
    monthname(hour) as month_name,
    isoyear(hour)::integer as iso_year,
    weekofyear(hour)::integer as iso_week,
    dayofyear(hour)::integer as day_of_year,
    day(hour)::integer as day,
    isodow(hour)::integer as weekday,
    dayname(hour) as weekday_name,
    isodow(hour) >= 6 as is_weekend,
    extract('hour' from hour)::integer as hour
from hours
