-- builds:  settled, for every touched (device, metric, event time): each distinct reading once, with its first arrival,
--          and whether it is the one that holds
-- from:    arriving, standing
-- Arrival order is (received_at, message_id, position). Of readings that are the same the least arrival is kept; of
-- different ones at one time that whose first arrival is greatest holds. Both are functions of the set, whatever the
-- order of processing. Where the route keeps all values, each holds. Readings are the same by
-- their declared id, within a day of event time; without, by their value.
-- Where only one reading without declared id claims a device, metric and event time there is nothing to weigh, which is
-- mostly so: then no window is made of it, as that takes ten times as long.
create or replace temp table settled as
with claims as (
    select
        *,
        hash(device_id, metric, event_at) as claim
    from (
        select 'new' as place, *, {batch_id}::bigint as batch_id from arriving
        union all by name
        select * from standing
    )
),
contested as materialized (
    select claim from claims group by claim having count(*) > 1
),
first_arrivals as (
    select * exclude (claim)
    from claims
    where declared_id is not null or claim in (select claim from contested)
    qualify row_number() over (
        partition by
            device_id,
            metric,
            declared_id,
            if(declared_id is null, epoch_us(event_at), epoch_us(event_at) // 86400000000),
            if(declared_id is null, value, null),
            if(declared_id is null, value_text, null)
        order by received_at, message_id, position
    ) = 1
)
select
    * exclude (claim),
    true as holds
from claims
where declared_id is null and claim not in (select claim from contested)
union all
select
    *,
    keep_all is not null or row_number() over (
        partition by device_id, metric, event_at, keep_all
        order by received_at desc, message_id desc, position desc
    ) = 1 as holds
from first_arrivals
