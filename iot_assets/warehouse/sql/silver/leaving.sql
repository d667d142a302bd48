-- builds:  leaving, rows of silver that what arrives has displaced; gone says that an earlier arrival of the same value
--          took the row's place, so that its message no longer counts as the one that brought it
-- from:    incumbents, weighed
create or replace temp table leaving as
select
    incumbents.*,
    weighed.place is null as gone
from incumbents
left join weighed
    on weighed.place = incumbents.place
    and weighed.device_id = incumbents.device_id
    and weighed.metric = incumbents.metric
    and weighed.event_at = incumbents.event_at
    and weighed.message_id = incumbents.message_id
    and weighed.position = incumbents.position
where weighed.place is null or weighed.holds <> (incumbents.place = 'readings')
