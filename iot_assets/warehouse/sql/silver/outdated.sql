-- builds:  outdated, the rows of silver that the registry may now say something else of; unjudged, the same with only
--          what their messages said
-- from:    registry_changes, {readings}, {corrections} (silver's rows within the received times of the changes)
create or replace temp table outdated as
with concerned as (
    select 'readings' as place, * from ({readings})
    union all
    select 'corrections' as place, * from ({corrections})
)
select *
from concerned
where device_id in (select device_id from registry_changes where device_id is not null)
    or (select count(*) > 0 from registry_changes where device_id is null);

create or replace temp table unjudged as
select
    * exclude (from_registry, batch_id) replace (
        case when list_contains(from_registry, 'unit') then null else unit end as unit,
        list_filter(flags, lambda flag: not list_contains(from_registry, flag)) as flags
    )
from outdated;
