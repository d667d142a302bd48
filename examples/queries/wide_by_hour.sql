-- What did each device measure by hour, its metrics side by side, as spreadsheets want it?
select * from (
    pivot (select device_id, bucket_at as hour_at, metric, mean from gold.readings_1h where n_valid > 0)
    on metric using any_value(mean) group by device_id, hour_at
)
order by device_id, hour_at;
