-- Which hours of which devices have changed since their day was exported. Of days that had changed before this table
-- was there, nobody noted the hours: all of them.

create table ops.touched_hours (
    kind varchar not null,
    hour_at timestamptz not null,
    device_id varchar not null
);

insert into ops.touched_hours
select t.kind, t.day::timestamptz + to_hours(r.hour), d.device_id
from ops.touched_days t
semi join (select kind, day from ops.history where state <> 'retired') h on h.kind = t.kind and h.day = t.day
cross join range(24) r(hour)
cross join (select distinct device_id from gold.latest) d;

-- Rollups by day go to the lake, too: none of them is there yet.
insert into ops.touched_days
select distinct 'readings_1d', bucket_at::date from gold.readings_1d;
