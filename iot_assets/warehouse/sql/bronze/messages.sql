-- builds:  bronze.messages, the messages of the batch's sound files
-- from:    arriving_messages, arriving_ledger, batch
-- {ordered}: by time, so that zone maps prune.
insert into bronze.messages by name
select
    arriving_messages.*,
    (select batch_id from batch) as batch_id
from arriving_messages
where file_id in (select file_id from arriving_ledger where state = 'entered')
{ordered};
