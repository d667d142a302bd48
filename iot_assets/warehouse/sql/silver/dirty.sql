-- builds:  dirtied, then ops.dirty: the minutes whose rollups are outdated by what was added, replaced or removed
-- from:    settled, leaving, forgotten
create or replace temp table dirtied as
select distinct device_id, metric, date_trunc('minute', event_at) as minute_at
from (
    select device_id, metric, event_at from settled where holds and place <> 'readings'
    union all
    select device_id, metric, event_at from leaving where place = 'readings'
    union all
    select device_id, metric, event_at from forgotten where place = 'readings'
);

insert into ops.dirty select * from dirtied;
