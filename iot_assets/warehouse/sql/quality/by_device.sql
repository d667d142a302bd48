-- builds:  counters, those of each device and day of scoring
-- from:    scoring (device_id, day), {hours} (gold.quality_hourly of those devices and days), {rejects} (silver.rejects
--          received on those days before the moment judged)
create or replace temp table counters as
with counted as (
    select
        device_id,
        date_of(hour_at) as day,
        sum(expected) as expected,
        sum(least(received, expected)) filter (expected is not null) as met,
        sum(received) as received,
        sum("valid") as "valid",
        0 as rejected,
        sum(duplicates) as duplicates,
        sum(late) as late,
        sum(inconsistent) as inconsistent
    from ({hours})
    group by all
    union all by name
    select device_id, date_of(received_at) as day, count(*) as rejected
    from ({rejects})
    group by all
)
select
    day,
    'device' as scope,
    device_id as name,
    1::bigint as devices,
    coalesce(sum(columns(* exclude (device_id, day))), 0)::bigint
from counted
semi join scoring using (device_id, day)
group by day, device_id
