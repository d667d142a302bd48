-- What was the value in each of the last 60 minutes, minutes without a reading filled with the one before?
with span as (select max(bucket_at) - interval 59 minutes as from_at, max(bucket_at) as to_at from gold.readings_1min),
minutes as (select unnest(generate_series(from_at, to_at, interval 1 minute)) as minute_at from span),
recent as (select r.* from gold.readings_1min r, span where bucket_at between from_at and to_at and n_valid > 0)
select s.device_id, s.metric, m.minute_at, r.mean as measured,
    last_value(r.mean ignore nulls) over (partition by s.device_id, s.metric order by m.minute_at) as filled
from (select distinct device_id, metric from recent) s
cross join minutes m
left join recent r on r.device_id = s.device_id and r.metric = s.metric and r.bucket_at = m.minute_at
order by s.device_id, s.metric, m.minute_at;
