-- Keys of one day of silver.readings that more than one row has.
select device_id, metric, event_at, count(*) as rows_with_this_key
from {readings} -- silver.readings of that day, wherever it is
group by device_id, metric, event_at
having count(*) > 1
