-- builds:  gold.dim_device
-- from:    silver.devices
select
    device_id || '#' || version as device_key,
    device_id,
    version,
    ended_at is null as is_current,
    valid_from_at,
    ended_at as valid_to_at,
    case when valid_to_at is distinct from ended_at then valid_to_at end as withdrawn_at,
    kind,
    manufacturer,
    model,
    site,
    lat,
    lon,
    firmware,
    installed_at,
    expected_interval_s,
    origin,
    first_seen_at,
    last_seen_at
from (
    select
        *,
        row_number() over (partition by device_id order by valid_from_at) as version,
        lead(valid_from_at) over (partition by device_id order by valid_from_at) as ended_at
    from silver.devices
)
