select device_id, metric, event_at, value, value_text, unit, flags, received_at
from {table}
where {scope}
