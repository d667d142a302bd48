-- builds:  reflagged, those of the outdated rows that the registry does say something else of
-- from:    outdated, rejudged
create or replace temp table reflagged as
select n.*
from rejudged n
join outdated o using (place, device_id, metric, event_at, message_id, position)
where n.unit is distinct from o.unit
    or n.flags <> o.flags
    or n.from_registry <> o.from_registry
