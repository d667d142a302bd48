-- builds:  gold.completeness_1min
-- from:    gold.quality_hourly, gold.readings_1min
-- A minute of an hour that is being judged counts once it is over.
with minutes as (
    select
        device_id,
        metric,
        hour_at + to_minutes(unnest(range(60))) as minute_at,
        interval_s,
        until_at
    from gold.quality_hourly
    where interval_s <= 60
)
select
    m.device_id,
    m.metric,
    m.minute_at,
    60 / m.interval_s as expected,
    coalesce(r.n, 0) as received,
    least(coalesce(r.n, 0) * m.interval_s / 60, 1) as completeness
from minutes m
left join gold.readings_1min r
    on r.device_id = m.device_id
    and r.metric = m.metric
    and r.bucket_at = m.minute_at
where m.minute_at + interval 1 minute <= m.until_at
