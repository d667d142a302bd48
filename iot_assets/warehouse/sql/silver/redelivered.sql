-- builds:  redelivered, messages of the batch that the broker delivered again after a connection was lost
-- from:    batch, {nearby} (messages received up to then)
-- A redelivery has dup set and the packet id, topic and payload of the last message that came under that packet id by
-- an earlier connection of the same lander. Its payload may name no time, so its readings alone would not show it.
create or replace temp table redelivered as
with again as (
    select row, source, lander, topic, payload, packet_id, session
    from batch
    where dup and packet_id > 0
),
before as (
    select
        again.row,
        arg_max(earlier.topic, (earlier.session, earlier.message_id)) as topic,
        arg_max(earlier.payload, (earlier.session, earlier.message_id)) as payload
    from again
    join ({nearby}) earlier
        on earlier.packet_id = again.packet_id
        and earlier.source = again.source
        and earlier.session < again.session
    join bronze.files f
        on f.file_id = earlier.file_id
        and f.lander = again.lander
    group by again.row
)
select again.row
from again
join before
    on before.row = again.row
    and before.topic = again.topic
    and before.payload = again.payload
