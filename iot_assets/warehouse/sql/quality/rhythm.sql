-- builds:  {learned}, at which interval each series speaks, as its day and the day before tell
-- from:    learning (device_id, day), {hours} (gold.readings_1h of those days and the days before)
-- Days are numbers here, since casts of instants to dates are slow. Distances from one hour's last reading to the next
-- one's first are true distances; the mean distance within an hour is longer where readings were lost, so it serves only
-- while there is nothing else. Lost readings make some distances longer and none shorter: a series is regular where its
-- shortest distances, of both sorts, are about as long as its middle one. What is within 5 % of a usual interval is that;
-- else two digits count.
create or replace temp table {learned} as
with paced as (
    select
        device_id,
        metric,
        epoch_us(bucket_at) // 86400000000 as day,
        n_valid,
        epoch_us(first_at) as first_us,
        epoch_us(last_at) as last_us,
        lag(epoch_us(last_at)) over (partition by device_id, metric order by bucket_at) as before_us
    from ({hours})
    where n_valid > 0
),
distances as (
    select
        device_id, metric, day, before_us // 86400000000 as from_day, first_us - before_us as apart_us, 1 as parts,
        true as direct
    from paced
    where before_us is not null
    union all
    select device_id, metric, day, day, (last_us - first_us) / (n_valid - 1), n_valid - 1, false
    from paced
    where n_valid > 1 and last_us > first_us
),
counted as (
    select device_id, metric, day, apart_us, parts, direct from distances where from_day >= day - 1
    union all
    select device_id, metric, day + 1, apart_us, parts, direct from distances where from_day = day
),
measured as (
    select
        c.device_id,
        c.metric,
        c.day,
        count(*) filter (direct) >= 3 as settled,
        median(apart_us) filter (direct) / 1e6 as direct_s,
        median(apart_us) / 1e6 as any_s,
        quantile_cont(apart_us, 0.1) / 1e6 as short_s
    from counted c
    semi join (select device_id, day - date '1970-01-01' as day from learning) l
        on l.device_id = c.device_id and l.day = c.day
    group by c.device_id, c.metric, c.day
    having count(*) >= 3 or max(parts) >= 9
),
middle as (
    select *, if(settled, direct_s, any_s) as middle_s from measured
)
select
    device_id,
    metric,
    date '1970-01-01' + day::integer as day,
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
