-- What is settled and leaving takes effect in the tail; the publication beside it stays as it is.
delete from memory.live.added
where (device_id, metric, event_at, message_id, position) in
    (select (device_id, metric, event_at, message_id, position) from leaving where place = 'readings');

delete from memory.live.corrected
where (device_id, metric, event_at, message_id, position) in
    (select (device_id, metric, event_at, message_id, position) from leaving where place = 'corrections');

insert into memory.live.replaced by name
select place, device_id, metric, event_at, message_id, position from leaving;

insert into memory.live.added by name
select * exclude (place, holds) from settled where holds and place <> 'readings';

insert into memory.live.corrected by name
select * exclude (place, holds) from settled where not holds and place <> 'corrections';

-- Of what was touched the newest is the one so far, published or not, or one that came; where any has left, all are
-- looked at.
create or replace temp table touched as
select distinct device_id, metric from settled;

create or replace temp table newest as
with candidates as (
    select device_id, metric, event_at, value, value_text, unit, flags, received_at, message_id, position
    from memory.live.newest
    semi join touched using (device_id, metric)
    anti join leaving using (device_id, metric)
    union all
    select device_id, metric, event_at, value, value_text, unit, flags, received_at, message_id, position
    from settled
    where holds and place <> 'readings'
    union all
    select device_id, metric, event_at, value, value_text, unit, flags, received_at, message_id, position
    from memory.live.added
    semi join leaving using (device_id, metric)
    union all
    select device_id, metric, event_at, value, value_text, unit, flags, received_at, message_id, -1
    from serving.gold.latest
    semi join touched using (device_id, metric)
)
select *
from candidates
qualify row_number() over (
    partition by device_id, metric
    order by event_at desc, received_at desc, message_id desc, position desc
) = 1;

delete from memory.live.newest
where (device_id, metric) in (select (device_id, metric) from touched);

insert into memory.live.newest by name select * from newest;
