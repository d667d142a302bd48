-- What is the pattern of a day: the mean by hour of the day (UTC), over all days?
select metric, hour(bucket_at at time zone 'UTC') as hour, (sum("sum") / sum(n_valid))::double as mean,
    sum(n_valid)::bigint as readings, count(distinct device_id) as devices
from gold.readings_1h
where n_valid > 0
group by all
order by metric, hour;
