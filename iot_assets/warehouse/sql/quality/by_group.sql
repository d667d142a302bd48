-- builds:  counters, those of each site, route and the fleet on each day of scoring
-- from:    scoring (device_id, day), gold.quality_score (of devices), {rejects} (silver.rejects received on those days
--          before the moment judged),
--          silver.devices, silver.device_routes
-- A device counts where it was at the end of the day; rejects that nobody knows the sender of count for the fleet only.
create or replace temp table counters as
with devices as (
    select
        day, name as device_id, devices, expected, met, received, "valid", rejected, duplicates, late, inconsistent
    from gold.quality_score
    where scope = 'device' and day in (select day from scoring)
),
sites as (
    select d.device_id, d.day, arg_max(v.site, v.valid_from_at) as site
    from devices d
    join silver.devices v
        on v.device_id = d.device_id
        and v.valid_from_at < (d.day + 1)::timestamptz
        and (v.valid_to_at is null or v.valid_to_at > d.day::timestamptz)
    group by all
),
grouped as (
    select 'site' as scope, s.site as name, d.* exclude (device_id)
    from devices d
    join sites s on s.device_id = d.device_id and s.day = d.day
    where s.site is not null
    union all
    select 'route', r.route, d.* exclude (device_id)
    from devices d
    join silver.device_routes r on r.device_id = d.device_id
    union all
    select 'fleet', '', d.* exclude (device_id)
    from devices d
    union all by name
    select 'fleet' as scope, '' as name, date_of(received_at) as day, count(*) as rejected
    from ({rejects})
    where device_id is null and date_of(received_at) in (select day from scoring)
    group by all
)
select day, scope, name, coalesce(sum(columns(* exclude (day, scope, name))), 0)::bigint
from grouped
group by day, scope, name
