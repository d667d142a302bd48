-- What are peak, low, mean and standard deviation of each device and metric, and when were peak and low?
-- Exact over all readings that count: the rollups carry exact sums and sums of squares.
select device_id, metric, sum(n_valid)::bigint as readings, max("max") as peak, min("min") as low,
    (sum("sum") / sum(n_valid))::double as mean,
    case
        when sum(n_valid) > 1 then sqrt(greatest(
            (sum(sum_squares)::double - sum("sum")::double * sum("sum")::double / sum(n_valid)) / (sum(n_valid) - 1), 0
        ))
    end as deviation,
    max_by(bucket_at, "max") as hour_of_peak, min_by(bucket_at, "min") as hour_of_low
from gold.readings_1h
where n_valid > 0
group by all
order by device_id, metric;
