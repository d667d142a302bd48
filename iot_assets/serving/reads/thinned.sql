with "values" as materialized (
    {values}
),
series as (
    select device_id, metric, count(*) as n, min(moment) as first_at, max(moment) as last_at
    from "values"
    group by device_id, metric
),
extremes as (
    select
        device_id,
        metric,
        unnest([
            arg_min(struct_pack(moment := moment, value := value), value),
            arg_max(struct_pack(moment := moment, value := value), value)
        ]) as extreme
    from "values"
    join series using (device_id, metric)
    where n > {few}
    group by
        device_id,
        metric,
        (epoch_us(moment) - epoch_us(first_at)) * {spans} // greatest(epoch_us(last_at) - epoch_us(first_at), 1)
)
select device_id, metric, moment, value
from "values"
join series using (device_id, metric)
where n <= {few} or moment in (first_at, last_at)
union
select device_id, metric, extreme.moment, extreme.value
from extremes
