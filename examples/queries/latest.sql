-- What has each device said last, and how old is it?
select device_id, metric, coalesce(value::varchar, value_text) as value, unit, event_at,
    round(epoch(now()) - epoch(event_at), 1) as age_s, flags
from gold.latest
order by device_id, metric;
