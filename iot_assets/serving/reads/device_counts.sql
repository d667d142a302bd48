with present as (
    select device_id, kind, site
    from silver.devices
    where valid_to_at is null
    qualify row_number() over (partition by device_id order by valid_from_at desc) = 1
)
select coalesce(d.kind, '') as kind, coalesce(d.site, '') as site, s.state, q.band, count(*) as devices
from present d
full join gold.device_status s using (device_id)
left join ({scored}) q using (device_id)
group by all
order by all
