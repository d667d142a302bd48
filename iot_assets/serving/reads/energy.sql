with powers as (
    select
        device_id, metric, any_value(kind) as kind, any_value(site) as site,
        any_value(case unit when 'W' then 0.001 when 'kW' then 1 else 1000 end) as kw
    from gold.latest
    left join (select * from silver.devices where valid_to_at is null) using (device_id)
    where unit in ('W', 'kW', 'MW')
    group by all
)
select date_trunc('day', bucket_at) as day_at, coalesce(kind, '') as kind, sum(mean * kw) as kwh
from (select device_id, metric, bucket_at, mean from gold.readings_1h where {scope} and mean is not null)
join powers using (device_id, metric)
where
    ($kind is null or coalesce(kind, '') = $kind)
    and ($site is null or coalesce(site, '') = $site)
    and ($band is null or device_id in (select device_id from ({scored}) where band = $band))
group by all
order by all
