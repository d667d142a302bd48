-- Which minutes lie more than three standard deviations from the mean of their device and metric?
with scored as (
    select device_id, metric, bucket_at, mean,
        (mean - avg(mean) over series) / nullif(stddev_samp(mean) over series, 0) as z
    from gold.readings_1min
    where n_valid > 0
    window series as (partition by device_id, metric)
)
select device_id, metric, bucket_at as minute_at, mean, z
from scored
where abs(z) > 3
order by abs(z) desc, device_id, metric, bucket_at;
