-- builds:  {judged}, readings with what the registry knew when they were received: unit, limits, whether it knew the
--          device; from_registry says which of these it added
-- from:    {unjudged} (readings with only what their messages said), silver.devices, silver.metrics
-- Most readings gain nothing: lists are made for the others alone, as that takes longer than all else.
-- unknown_device is said only from the first registry file on: before there is one, nobody can be unknown to it. Who
-- has announced itself is known. Each condition of a join is one comparison: with `or` DuckDB compares each reading with
-- each device.
create or replace temp table {judged} as
with registry as (
    select min(valid_from_at) as since_at
    from silver.devices
    where origin = 'declared'
),
added as (
    select
        r.*,
        m.unit as registry_unit,
        r.unit is null and m.unit is not null as adds_unit,
        coalesce((r.value < m.min or r.value > m.max) and not list_contains(r.flags, 'out_of_range'), false) as adds_range,
        coalesce(d.device_id is null and r.received_at >= registry.since_at, false) as adds_unknown
    from {unjudged} r
    cross join registry
    left join silver.devices d
        on d.device_id = r.device_id
        and d.origin <> 'seen'
        and d.valid_from_at <= r.received_at
        and coalesce(d.valid_to_at, 'infinity') > r.received_at
    left join silver.metrics m
        on m.device_id = r.device_id
        and m.metric = r.metric
        and m.valid_from_at <= r.received_at
        and coalesce(m.valid_to_at, 'infinity') > r.received_at
)
select
    * exclude (registry_unit, adds_unit, adds_range, adds_unknown) replace (
        coalesce(unit, registry_unit) as unit,
        case
            when adds_range or adds_unknown then
                flags || if(adds_range, ['out_of_range'], []) || if(adds_unknown, ['unknown_device'], [])
            else flags
        end as flags
    ),
    case
        when adds_unit or adds_range or adds_unknown then
            if(adds_unit, ['unit'], []) || if(adds_range, ['out_of_range'], []) || if(adds_unknown, ['unknown_device'], [])
        else []::varchar[]
    end as from_registry
from added
