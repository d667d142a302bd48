-- builds:  settled, for every touched (device, metric, event time): each distinct value once, with its first arrival,
--          and whether it is the one that holds
-- from:    arriving, standing
-- Arrival order is (received_at, message_id, position). Of equal values the least arrival is kept; of different values
-- the one whose first arrival is greatest holds. Both are functions of the set, whatever the order of processing.
create or replace temp table settled as
with first_arrivals as (
    select *
    from (
        select 'new' as place, *, {batch_id}::bigint as batch_id from arriving
        union all by name
        select * from standing
    )
    qualify row_number() over (
        partition by device_id, metric, event_at, value, value_text
        order by received_at, message_id, position
    ) = 1
)
select
    *,
    row_number() over (
        partition by device_id, metric, event_at
        order by received_at desc, message_id desc, position desc
    ) = 1 as holds
from first_arrivals
