select *
from gold.quality_score
where scope = $scope and ($name is null or name = $name) and day >= $first::date
order by day, name
