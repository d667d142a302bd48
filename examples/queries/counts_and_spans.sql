-- How many readings are there of each device and metric, from when to when, and how many do not count?
select device_id, metric, sum(n)::bigint as readings, sum(n_excluded)::bigint as excluded,
    min(first_at) as first_valid_at, max(last_at) as last_valid_at, count(*) as days
from gold.readings_1d
group by all
order by device_id, metric;
