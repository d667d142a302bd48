select
    metric, mode(unit) as unit, count(*) as devices,
    list_sort(list_distinct(list(coalesce(kind, '')))) as kinds
from gold.latest
left join (
    select device_id, any_value(kind) as kind from silver.devices where valid_to_at is null group by device_id
) using (device_id)
where value is not null
group by metric
order by devices desc, metric
