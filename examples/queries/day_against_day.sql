-- How does each day compare with the day before and the same day a week before?
select today.device_id, today.metric, today.bucket_at as day, today.mean,
    today.mean - yesterday.mean as against_day_before, today.mean - week.mean as against_week_before
from gold.readings_1d today
left join gold.readings_1d yesterday
    on yesterday.device_id = today.device_id and yesterday.metric = today.metric
    and yesterday.bucket_at = today.bucket_at - interval 24 hours
left join gold.readings_1d week
    on week.device_id = today.device_id and week.metric = today.metric
    and week.bucket_at = today.bucket_at - interval 168 hours
where today.n_valid > 0
order by day desc, today.device_id, today.metric;
