with hours as (
    select device_id, hour_at, sum(least(received, expected)) as met, sum(expected) as expected
    from gold.quality_hourly
    where {scope} and expected > 0
        and (
            ($kind is null and $site is null)
            or device_id in (
                select device_id from silver.devices
                where valid_to_at is null
                    and ($kind is null or coalesce(kind, '') = $kind) and ($site is null or coalesce(site, '') = $site)
            )
        )
    group by all
),
worst as (
    select device_id, sum(met) / sum(expected) as share
    from hours
    group by device_id
    order by share, device_id
    limit $most
)
select device_id, hour_at, met / expected as completeness
from hours
join worst using (device_id)
order by share, device_id, hour_at
