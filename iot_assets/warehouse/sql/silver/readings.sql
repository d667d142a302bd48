-- builds:  rows of silver.readings or silver.corrections: what is settled and does not stand there yet ({which})
-- from:    settled
-- {ordered}: by time, so that zone maps prune.
select * exclude (place, holds) replace ({batch_id}::bigint as batch_id)
from settled
where {which}
{ordered}
