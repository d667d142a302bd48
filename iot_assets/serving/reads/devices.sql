select
    d.device_id, d.kind, d.manufacturer, d.model, d.site, d.lat, d.lon, d.firmware, d.installed_at,
    d.expected_interval_s, d.attributes, d.origin, d.first_seen_at, d.last_seen_at, l.metrics, l.newest_at
from silver.devices d
left join (
    select device_id, list(metric order by metric) as metrics, max(event_at) as newest_at
    from gold.latest
    group by device_id
) l using (device_id)
where {scope}
    and d.valid_to_at is null
    and ($kind is null or d.kind = $kind)
    and ($site is null or d.site = $site)
    and ($state is null or d.device_id in (select device_id from gold.device_status where state = $state))
    and ($band is null or d.device_id in (select device_id from ({scored}) where band = $band))
    and (
        $search is null
        or concat_ws(' ', d.device_id, d.kind, d.model, d.site) ilike '%' || $search || '%'
    )
qualify row_number() over (partition by d.device_id order by d.valid_from_at desc) = 1
