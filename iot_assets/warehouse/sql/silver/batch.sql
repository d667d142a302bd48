-- builds:  batch, the messages of one bronze batch and those that it reopens, numbered in the order of arrival
-- from:    bronze.messages, bronze.files, reopened
create or replace temp table batch as
select
    row_number() over (order by received_at, message_id) - 1 as row,
    *
from (
    select m.*, f.lander, f.landed_on
    from bronze.messages m
    join bronze.files f using (file_id)
    where m.batch_id = {batch_id}
    union all
    select * from reopened
)
