-- builds:  rows of ops.dirty: the minutes of the readings that are reflagged
-- from:    reflagged
select
    device_id,
    metric,
    minute_of(event_at) as minute_at,
    min(received_at) as since_at,
    max(received_at) as until_at,
    true as removed
from reflagged
where place = 'readings'
group by device_id, metric, minute_at
