-- builds:  weighed, what becomes of contenders; settled, for every touched (device, metric, event time): each distinct
--          reading once, with its first arrival, and whether it is the one that holds
-- from:    contenders, {alone} (those of arriving of which there is nothing to weigh)
-- Arrival order is (received_at, message_id, position). Of readings that are the same the least arrival is kept; of
-- different ones at one time that whose first arrival is greatest holds. Both are functions of the set, whatever the
-- order of processing. Where the route keeps all values, each holds. Readings are the same by
-- their declared id, within a day of event time; without, by their value.
create or replace temp table weighed as
with first_arrivals as (
    select *
    from contenders
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
    *,
    keep_all is not null or row_number() over (
        partition by device_id, metric, event_at, keep_all
        order by received_at desc, message_id desc, position desc
    ) = 1 as holds
from first_arrivals;

create or replace temp view settled as
select 'new' as place, *, {batch_id}::bigint as batch_id, true as holds from {alone}
union all by name
select * from weighed;
