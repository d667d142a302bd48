select device_id, metric, bucket_at, "{statistic}"::double as value
from {table}
where {scope} and "{statistic}" is not null
