-- builds:  silver.rejects, what of the batch could not be decoded
-- from:    decoded_rejects, batch, redelivered
insert into silver.rejects by name
select
    b.message_id,
    b.topic,
    b.source,
    b.received_at,
    r.reason,
    r.detail,
    b.payload,
    r.decoder,
    1 as attempts,
    null::timestamptz as replayed_at,
    {batch_id}::bigint as batch_id
from decoded_rejects r
join batch b using (row)
where b.message_id not in (select message_id from redelivered)
order by b.received_at, b.message_id
