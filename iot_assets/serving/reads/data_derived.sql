select metric as name, bucket_at as time, value, device_id
from gold.derived_1d
where {scope}
