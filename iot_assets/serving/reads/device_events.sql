select device_id, happened_at, kind, "before"
from gold.device_events
where {scope}
order by happened_at desc, device_id
limit $most
