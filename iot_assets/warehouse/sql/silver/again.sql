-- builds:  again, messages that may be redeliveries: those of the batch, and those settled before whose originals the
--          batch may bring
-- from:    batch, {settled} (messages of earlier batches, by later connections, that have dup set), bronze.files
create or replace temp table again as
select * exclude (row), false as settled_before
from batch
where dup and packet_id > 0
union all
select m.*, f.lander, f.landed_on, true
from ({settled}) m
join bronze.files f using (file_id)
where m.message_id not in (select message_id from batch)
    and exists (
        select 1 from batch b where b.source = m.source and b.lander = f.lander and b.session < m.session
    )
