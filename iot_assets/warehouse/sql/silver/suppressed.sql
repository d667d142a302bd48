-- builds:  ops.rereads: messages that may bring once more what messages read again no longer bring, and of which nothing
--          was kept while it was only said twice
-- from:    lost (what is no longer brought), batch, ops.births, bronze.messages, {messages}, {outcomes} (bronze.messages
--          and silver.outcomes received since the first of lost)
-- They are looked for where the same sender speaks: on the topic of what was lost, and on those of its births.
insert into ops.rereads
with spoken as (
    select distinct b.topic
    from lost
    join batch b using (message_id)
),
topics as (
    select topic from spoken
    union
    select m.topic
    from bronze.messages m
    where m.message_id in (select message_id from ops.births semi join spoken using (topic))
)
select m.message_id, m.received_at
from ({messages}) m
semi join topics using (topic)
where m.message_id in (select message_id from ({outcomes}) where readings > new_readings and not redelivered)
    and m.message_id not in (select message_id from batch)
    and m.message_id not in (select message_id from ops.rereads)
