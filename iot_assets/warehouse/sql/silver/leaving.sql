-- builds:  leaving, rows of silver that what arrives has displaced; gone says that an earlier arrival of the same value
--          took the row's place, so that its message no longer counts as the one that brought it
-- from:    standing, settled
create or replace temp table leaving as
select
    standing.*,
    settled.place is null as gone
from standing
left join settled
    on settled.place = standing.place
    and settled.device_id = standing.device_id
    and settled.metric = standing.metric
    and settled.event_at = standing.event_at
    and settled.message_id = standing.message_id
    and settled.position = standing.position
where settled.place is null or settled.holds <> (standing.place = 'readings')
