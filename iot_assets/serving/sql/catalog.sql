-- asks:    which devices and metrics there are, of those whose names are like these
select *
from gold.catalog
where device_id glob $device
    and (metric glob $metric or (metric is null and $metric = '*'))
    and coalesce(site, '') glob $site
    and coalesce(kind, '') glob $kind
order by device_id, metric
