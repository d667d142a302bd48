select device_id, metric, event_at, value, value_text, unit, flags, received_at, message_id, position
from memory.live.added
where {scope}
order by event_at desc, device_id, metric, message_id, position
limit $most
