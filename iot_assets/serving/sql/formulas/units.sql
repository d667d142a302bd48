-- The metrics that there are, with their unit where no two devices say different ones.
select metric, if(count(distinct unit) = 1, any_value(unit), null) as unit
from gold.latest
group by metric
order by metric
