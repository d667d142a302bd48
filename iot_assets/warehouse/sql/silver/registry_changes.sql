-- builds:  registry_changes, for which received times the registry now says something else than before: of a device
--          (metric is ''), of a metric, or (device_id is null) whether there is a registry file at all
-- from:    concerned, devices_before, metrics_before, held_devices, silver.devices, silver.metrics
create or replace temp table registry_changes as
with said_before as (
    select device_id, '' as metric, valid_from_at, valid_to_at, {'unit': '', 'min': 0.0, 'max': 0.0, 'interval_s': expected_interval_s} as what
    from devices_before
    where origin <> 'seen'
    union all
    select device_id, metric, valid_from_at, valid_to_at, {'unit': unit, 'min': "min", 'max': "max", 'interval_s': null}
    from metrics_before
),
said_now as (
    select device_id, '' as metric, valid_from_at, valid_to_at, {'unit': '', 'min': 0.0, 'max': 0.0, 'interval_s': expected_interval_s} as what
    from silver.devices semi join concerned using (device_id)
    where origin <> 'seen'
    union all
    select device_id, metric, valid_from_at, valid_to_at, {'unit': unit, 'min': "min", 'max': "max", 'interval_s': null}
    from silver.metrics semi join concerned using (device_id)
),
edges as (
    select device_id, metric, valid_from_at as from_at from said_before
    union
    select device_id, metric, valid_to_at from said_before where valid_to_at is not null
    union
    select device_id, metric, valid_from_at from said_now
    union
    select device_id, metric, valid_to_at from said_now where valid_to_at is not null
),
spells as (
    select
        *,
        lead(from_at, 1, timestamptz '9999-12-31 00:00:00+00') over (
            partition by device_id, metric order by from_at
        ) as until_at
    from edges
),
since as (
    select
        (select min(valid_from_at) from devices_before where origin = 'declared') as before_at,
        (select min(h.valid_from_at) from held_devices h where h.origin = 'declared') as now_at
)
select s.device_id, s.metric, s.from_at, s.until_at
from spells s
left join said_before b
    on b.device_id = s.device_id
    and b.metric = s.metric
    and b.valid_from_at <= s.from_at
    and (b.valid_to_at is null or b.valid_to_at > s.from_at)
left join said_now n
    on n.device_id = s.device_id
    and n.metric = s.metric
    and n.valid_from_at <= s.from_at
    and (n.valid_to_at is null or n.valid_to_at > s.from_at)
where b.what is distinct from n.what
union all
select
    null,
    null,
    least(before_at, now_at),
    coalesce(case when before_at is null or now_at is null then null else greatest(before_at, now_at) end,
        timestamptz '9999-12-31 00:00:00+00')
from since
where before_at is distinct from now_at
