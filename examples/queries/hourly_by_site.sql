-- What is measured at each site, hour by hour, each reading weighing alike?
select d.site, r.metric, r.bucket_at as hour_at, sum(r.n_valid)::bigint as readings,
    (sum(r."sum") / sum(r.n_valid))::double as mean, min(r."min") as least, max(r."max") as greatest
from gold.readings_1h r
join gold.dim_device d on d.device_id = r.device_id and d.is_current
where r.n_valid > 0
group by all
order by hour_at desc, d.site, r.metric;
