-- How does each series move, smoothed: mean of the 15 minutes up to each minute, by time and not by rows?
select device_id, metric, bucket_at as minute_at, mean,
    sum("sum"::double) over quarter / sum(n_valid) over quarter as moving_average, sum(n_valid) over quarter as readings
from gold.readings_1min
where n_valid > 0
window quarter as (
    partition by device_id, metric order by bucket_at range between interval 14 minutes preceding and current row
)
order by device_id, metric, minute_at;
