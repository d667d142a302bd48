-- Duplicates counted that are not those listed, of the landed days of which no message is pruned yet.
with landed as (
    select landed_on, sum(rows) as messages from bronze.files where state = 'entered' group by landed_on
),
present as (
    select landed_on, count(*) as messages from silver.outcomes group by landed_on
),
whole as (
    select landed_on from landed join present using (landed_on, messages)
),
listed as (
    select device_id, metric, time_bucket(interval 1 hour, event_at) as hour_at, landed_on, count(*) as duplicates
    from silver.duplicates
    group by all
)
select landed_on, device_id, metric, hour_at, l.duplicates as listed, c.duplicates as counted
from listed l
full join silver.duplicate_counts c using (device_id, metric, hour_at, landed_on)
where coalesce(l.duplicates, 0) <> coalesce(c.duplicates, 0)
    and landed_on in (select landed_on from whole)
