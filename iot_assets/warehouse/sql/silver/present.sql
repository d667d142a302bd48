-- builds:  present, any (device, metric, event time) that arrives and that silver holds something of already, or at which
--          a reading stands that arrives once more at another time
-- from:    {readings}, {corrections} (keys of silver's rows within the time spans that the batch touches), arriving,
--          forgotten (rows that a rebuild has just taken out; none otherwise)
-- Mostly there is none, and then the other columns, some of which are slow to read, are not read at all.
create or replace temp table present as
with near as (
    {readings} union all {corrections}
),
touched as (
    select device_id, metric, event_at from arriving
    union all
    select device_id, metric, event_at from forgotten
),
named as (
    select distinct device_id, metric, declared_id, epoch_us(event_at) // 86400000000 as day
    from arriving
    where declared_id is not null
)
select device_id, metric, event_at
from near
semi join touched using (device_id, metric, event_at)
union
select device_id, metric, event_at
from near
semi join named
    on named.device_id = near.device_id
    and named.metric = near.metric
    and named.declared_id = near.declared_id
    and named.day = epoch_us(near.event_at) // 86400000000
