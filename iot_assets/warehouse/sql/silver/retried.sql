-- builds:  reopened, the messages of the chosen rejects, so that they are settled again with what they hold now; tried,
--          how often that was done before
-- from:    chosen, {messages} (bronze.messages within the received times of the chosen), bronze.files
create or replace temp table reopened as
select m.*, f.lander, f.landed_on
from ({messages}) m
join bronze.files f using (file_id)
semi join chosen using (message_id);

create or replace temp table tried as
select message_id, attempts, now() as replayed_at from chosen;

create or replace temp table redelivered as
select message_id from chosen limit 0
