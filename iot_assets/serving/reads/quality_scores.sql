select *
from gold.quality_score
where {scope}
