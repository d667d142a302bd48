-- How many heating and cooling degree days did each day have, base 18 °C, from the middle of its extremes?
select device_id, bucket_at as day, ("min" + "max") / 2 as middle,
    greatest(18 - ("min" + "max") / 2, 0) as heating_degree_days,
    greatest(("min" + "max") / 2 - 18, 0) as cooling_degree_days
from gold.readings_1d
where metric = 'temperature' and n_valid > 0
order by day desc, device_id;
