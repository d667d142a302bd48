select device_id, metric, event_at, value, value_text, unit, flags, received_at, message_id, position
from {table}
where {scope}
