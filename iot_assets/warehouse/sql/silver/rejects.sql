-- builds:  silver.rejects, what of the batch could not be decoded
-- from:    decoded_rejects, decoded_outcomes, batch, redelivered, tried (how often a replay tried them before; mostly empty)
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
    coalesce(t.attempts, 0) + 1 as attempts,
    t.replayed_at,
    {batch_id}::bigint as batch_id,
    coalesce(r.device_id, o.sender) as device_id
from decoded_rejects r
join batch b using (row)
join decoded_outcomes o using (row)
left join tried t using (message_id)
where b.message_id not in (select message_id from redelivered)
order by b.received_at, b.message_id
