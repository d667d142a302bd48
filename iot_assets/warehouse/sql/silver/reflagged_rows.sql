-- builds:  the rows of silver.readings or silver.corrections ({place}) that are reflagged, back in their places
-- from:    reflagged
select * exclude (place), {batch_id}::bigint as batch_id
from reflagged
where place = '{place}'
order by event_at, device_id, metric
