-- builds:  batch, the messages of one bronze batch, numbered in the order of arrival
-- from:    bronze.messages
create or replace temp table batch as
select
    row_number() over (order by m.received_at, m.message_id) - 1 as row,
    m.*,
    f.lander,
    f.landed_on
from bronze.messages m
join bronze.files f using (file_id)
where m.batch_id = {batch_id}
