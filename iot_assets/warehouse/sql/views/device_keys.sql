-- builds:  nothing: when each row of gold.dim_device holds, for facts to find theirs
-- from:    gold.dim_device
-- Bounds are never null: DuckDB compares each fact with each device where the join says "is null or".
select
    device_key,
    device_id,
    case when version = 1 then '-infinity'::timestamptz else valid_from_at end as from_at,
    coalesce(valid_to_at, 'infinity'::timestamptz) as until_at
from gold.dim_device
