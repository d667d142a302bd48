-- builds:  ops.rereads: the messages settled before that the births of the batch show in another light
-- from:    relit, batch, {messages}, {outcomes} (bronze.messages and silver.outcomes within the times of relit)
insert into ops.rereads
select distinct m.message_id, m.received_at
from ({messages}) m
join relit r
    on r.topic = m.topic
    and m.received_at >= r.from_at
    and m.received_at <= r.until_at
where m.message_id in (select message_id from ({outcomes}))
    and m.message_id not in (select message_id from batch)
    and m.message_id not in (select message_id from ops.rereads)
