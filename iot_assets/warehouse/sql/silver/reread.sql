-- builds:  reopened, the listed messages that are settled; redelivered, which of them are; tried, nothing
-- from:    listed, {messages}, {outcomes} (bronze.messages and silver.outcomes within their received times),
--          bronze.files
create or replace temp table reopened as
select m.*, f.lander, f.landed_on
from ({messages}) m
join bronze.files f using (file_id)
semi join listed using (message_id)
where m.message_id in (select message_id from ({outcomes}));

create or replace temp table redelivered as
select message_id
from ({outcomes})
semi join reopened using (message_id)
where redelivered;

create or replace temp table tried as
select message_id, attempts, replayed_at from silver.rejects limit 0;
