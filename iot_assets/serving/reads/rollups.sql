select
    device_id, metric, bucket_at, n, n_valid, n_excluded, "sum"::double as "sum", mean, "min", "max",
    "first", first_at, "last", last_at
from {table}
where {scope}
