-- Which devices are there, of which kind, where, and since when have they been heard?
select device_id, kind, manufacturer, model, site, lat, lon, firmware, first_seen_at, last_seen_at
from gold.dim_device
where is_current
order by device_id;
