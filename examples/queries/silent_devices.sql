-- Which devices are not heard as they should be, and for how long?
select device_id, state, since_at, last_received_at, interval_s, interval_source, battery, battery_bin
from gold.device_status
where state <> 'online'
order by list_position(['offline', 'late', 'never_seen'], state), since_at, device_id;
