-- How good were the data by day: the score of the fleet and its parts, and the worst device of each day?
select f.day, f.score, f.band, f.completeness, f.validity, f.uniqueness, f.timeliness, f.consistency,
    worst.name as worst_device, worst.score as its_score
from gold.quality_score f
left join (
    select day, arg_min(name, score) as name, min(score) as score from gold.quality_score where scope = 'device' group by day
) worst using (day)
where f.scope = 'fleet'
order by f.day desc;
