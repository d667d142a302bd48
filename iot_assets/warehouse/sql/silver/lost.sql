-- builds:  lost, readings that messages read again had brought and that nobody brings any more
-- from:    forgotten, settled
create or replace temp table lost as
select f.message_id, f.received_at
from forgotten f
left join settled s
    on s.device_id = f.device_id
    and s.metric = f.metric
    and s.event_at = f.event_at
    and s.value is not distinct from f.value
    and s.value_text is not distinct from f.value_text
where s.device_id is null
