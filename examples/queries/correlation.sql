-- Which two series go up and down together? Pearson's r over the minutes that both have, at least ten of them.
-- A week of a large fleet has many pairs: name the devices or metrics in the first part.
with series as (
    select device_id || ' ' || metric as name, bucket_at, mean
    from gold.readings_1min
    where n_valid > 0 and bucket_at > (select max(bucket_at) from gold.readings_1min) - interval 1 day
        and device_id in (select device_id from gold.readings_1d group by all order by sum(n) desc, device_id limit 20)
)
select a.name as one, b.name as other, count(*) as minutes, corr(a.mean, b.mean) as r
from series a
join series b on a.bucket_at = b.bucket_at and a.name < b.name
group by all
having count(*) >= 10 and isfinite(r)
order by abs(r) desc, one, other
limit 50;
