-- What are median, quartiles and 95th percentile of the readings themselves?
select device_id, metric, count(*) as readings, quantile_cont(value, 0.25) as lower_quartile,
    median(value) as median, quantile_cont(value, 0.75) as upper_quartile, quantile_cont(value, 0.95) as p95
from silver.readings
where value is not null
    and not list_has_any(flags, ['out_of_range', 'clock_suspect', 'bad_quality', 'out_of_scale'])
group by all
order by device_id, metric;
