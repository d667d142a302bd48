select metric as name, event_at as time, value, device_id
from silver.readings
where {scope} and value is not null and not list_has_any(flags, [{excluding}])
