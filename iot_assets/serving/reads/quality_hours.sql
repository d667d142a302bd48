select *
from gold.quality_hourly
where {scope}
