with present as (
    select device_id, any_value(kind) as kind
    from silver.devices
    where
        valid_to_at is null
        and ($kind is null or coalesce(kind, '') = $kind)
        and ($site is null or coalesce(site, '') = $site)
        and ($band is null or device_id in (select device_id from ({scored}) where band = $band))
    group by device_id
)
select
    coalesce(d.kind, '') as kind, bucket_at as "at", sum(r."sum"::double) as total, sum(r.n_valid)::bigint as readings
from (select device_id, bucket_at, "sum", n_valid from {table} where {scope} and n_valid > 0) r
left join present d using (device_id)
where d.device_id is not null or ($kind is null and $site is null and $band is null)
group by all
order by all
