-- How are the values of the metric with most readings distributed? Twenty bars from least to greatest.
with asked as (
    select metric, min("min") as least, max("max") as greatest from gold.readings_1d
    where n_valid > 0 group by metric order by sum(n_valid) desc, metric limit 1
),
bars as (
    select least(floor(20 * (value - least) / nullif(greatest - least, 0)), 19) as bar, count(*) as readings
    from silver.readings
    join asked using (metric)
    where value between least and greatest
    group by bar
)
select metric, least + coalesce(bar, 0) * (greatest - least) / 20 as from_value, readings,
    bar(readings, 0, (select max(readings) from bars), 40) as picture
from bars, asked
order by from_value;
