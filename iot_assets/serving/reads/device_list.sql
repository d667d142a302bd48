with present as (
    select device_id, kind, site, manufacturer, model, firmware, lat, lon
    from silver.devices
    where valid_to_at is null
    qualify row_number() over (partition by device_id order by valid_from_at desc) = 1
)
select
    device_id, d.kind, d.site, d.manufacturer, d.model, d.firmware, d.lat, d.lon, s.state, s.since_at,
    s.last_received_at, s.last_event_at, s.interval_s, s.battery, q.score, q.band, count(*) over () as found
from present d
full join gold.device_status s using (device_id)
left join ({scored}) q using (device_id)
where
    ($kind is null or coalesce(d.kind, '') = $kind)
    and ($site is null or coalesce(d.site, '') = $site)
    and ($state is null or s.state = $state)
    and ($band is null or q.band = $band)
    and ($device is null or device_id = $device)
    and ($search is null or concat_ws(' ', device_id, d.kind, d.model, d.site) ilike '%' || $search || '%')
order by list_position(['offline', 'late', 'never_seen'], s.state) nulls last, device_id
limit $most offset $offset
