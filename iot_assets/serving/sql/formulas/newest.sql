-- What each formula has given: by fingerprint.
select formula as fingerprint, count(distinct device_id) as devices, count(*) as rows, max(bucket_at) as newest_at
from (
    select formula, device_id, bucket_at from gold.derived_1h
    union all
    select formula, device_id, bucket_at from gold.derived_1d
)
group by formula
