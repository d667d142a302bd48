-- builds:  listed, messages to be read again, the oldest first: at most {most}
-- from:    ops.rereads
create or replace temp table listed as
select message_id, received_at
from ops.rereads
order by received_at, message_id
limit {most}
