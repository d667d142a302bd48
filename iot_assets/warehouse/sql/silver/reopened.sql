-- builds:  reopened, messages settled before that the batch shows to be redeliveries, or to be none after all
-- from:    again, redelivered, {outcomes} (silver.outcomes within the received times of what may be reopened)
create or replace temp table reopened as
select a.* exclude (settled_before)
from again a
join ({outcomes}) o using (message_id)
where a.settled_before
    and o.redelivered <> (a.message_id in (select message_id from redelivered))
