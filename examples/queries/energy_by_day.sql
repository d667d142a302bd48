-- How much energy did each device use by day: mean power times the hours that its readings cover?
-- For metrics named power, in watts; `use = "energy_from_power"` in [[formulas]] keeps the same in gold.derived_1d.
select device_id, bucket_at as day, mean as mean_w,
    least((epoch(last_at) - epoch(first_at)) / 3600 * n_valid / nullif(n_valid - 1, 0), 24) as hours,
    mean * hours / 1000 as kwh
from gold.readings_1d
where metric ilike 'power' and n_valid > 1
order by day desc, device_id;
