-- builds:  learned, at which interval each series speaks, as its day and the day before tell
-- from:    learning (device_id, day), {hours} (gold.readings_1h of those days and the days before)
-- Distances from one hour's last reading to the next one's first are true distances; the mean distance within an hour is
-- longer where readings were lost, so it serves only while there is nothing else. Lost readings make some distances
-- longer and none shorter: a series is regular where its shortest distances, of both sorts, are about as long as its middle
-- one. What is within 5 % of a usual interval is that; else two digits count.
create or replace temp table learned as
with paced as (
    select
        device_id,
        metric,
        n_valid,
        first_at,
        last_at,
        lag(last_at) over (partition by device_id, metric order by bucket_at) as before_at
    from ({hours})
    where n_valid > 0
),
distances as (
    select device_id, metric, before_at as from_at, first_at as to_at, 1 as parts, true as direct
    from paced
    where before_at is not null
    union all
    select device_id, metric, first_at, last_at, n_valid - 1, false
    from paced
    where n_valid > 1 and last_at > first_at
),
counted as (
    select device_id, metric, unnest([to_at::date, to_at::date + 1]) as day, from_at, to_at, parts, direct
    from distances
),
measured as (
    select
        c.device_id,
        c.metric,
        c.day,
        count(*) filter (direct) >= 3 as settled,
        count(*) >= 3 or max(parts) >= 9 as enough,
        list(epoch(to_at - from_at) / parts) filter (direct) as direct_s,
        list(epoch(to_at - from_at) / parts) as all_s
    from counted c
    semi join learning l on l.device_id = c.device_id and l.day = c.day
    where c.from_at >= (c.day - 1)::timestamptz
    group by c.device_id, c.metric, c.day
),
middle as (
    select
        device_id,
        metric,
        day,
        list_aggregate(all_s, 'quantile_cont', 0.1) as short_s,
        list_aggregate(if(settled, direct_s, all_s), 'median') as middle_s
    from measured
    where enough
)
select
    device_id,
    metric,
    day,
    case
        when middle_s > 0 and short_s >= 0.75 * middle_s then
            coalesce(
                list_filter(
                    [
                        1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 240, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 14400,
                        21600, 43200, 86400
                    ],
                    lambda usual: abs(middle_s - usual) <= 0.05 * usual
                )[1]::double,
                round(middle_s, 1 - floor(log10(middle_s))::integer)
            )
    end as interval_s
from middle
