-- Devices that are not online, by state and site: how many, and the first of them by name.
with sites as (
    select device_id, any_value(site) as site
    from silver.devices
    where valid_to_at is null
    group by device_id
)
select
    s.state,
    coalesce(d.site, '') as site,
    count(*) as devices,
    min(s.since_at) as since_at,
    (list(s.device_id order by s.device_id))[:$named] as named
from gold.device_status s
left join sites d using (device_id)
where s.state <> 'online'
group by all
order by 1, 2
