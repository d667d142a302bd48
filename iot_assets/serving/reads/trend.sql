with present as (
    select device_id, any_value(kind) as kind, any_value(site) as site
    from silver.devices
    where valid_to_at is null
    group by device_id
)
select
    coalesce(d.kind, '') as kind, {at} as "at", sum(r."sum"::double) / sum(r.n_valid) as mean, min(r."min") as "min",
    max(r."max") as "max", sum(r.n_valid)::bigint as readings
from (select device_id, bucket_at, "sum", n_valid, "min", "max" from {table} where {scope} and n_valid > 0) r
left join present d using (device_id)
where ($kind is null or coalesce(d.kind, '') = $kind) and ($site is null or coalesce(d.site, '') = $site)
group by all
order by all
