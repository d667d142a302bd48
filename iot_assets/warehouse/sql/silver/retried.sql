-- builds:  reopened, the messages of the chosen rejects, so that they are settled again with what they hold now, and
--          their redeliveries; redelivered, those; tried, how often the rejects were tried before
-- from:    chosen, {messages} (bronze.messages within the received times of the chosen), {copies} and {outcomes} (what was
--          received since then, for as long as a broker may keep a message), bronze.files
-- A redelivery counts for nothing, but the books tell who read it and how many readings it holds.
create or replace temp table reopened as
with originals as (
    select m.*, f.lander, f.landed_on
    from ({messages}) m
    join bronze.files f using (file_id)
    semi join chosen using (message_id)
)
select * from originals
union all
select m.*, f.lander, f.landed_on
from ({copies}) m
join bronze.files f using (file_id)
where m.dup
    and m.packet_id > 0
    and m.message_id in (select message_id from ({outcomes}) where redelivered)
    and exists (
        select 1
        from originals o
        where o.source = m.source
            and o.lander = f.lander
            and o.session < m.session
            and o.packet_id = m.packet_id
            and o.topic = m.topic
            and o.payload = m.payload
    );

create or replace temp table redelivered as
select message_id from reopened where message_id not in (select message_id from chosen);

create or replace temp table tried as
select message_id, attempts, now() as replayed_at from chosen;
