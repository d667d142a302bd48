-- builds:  redelivered, messages that the broker delivered again after a connection was lost
-- from:    again, sessions, {tails} (messages received in the last minutes of those sessions), {files}
--          (which file is of which lander)
-- A redelivery has dup set and the packet id, topic and payload of the last message that an earlier connection of the
-- same lander had under that packet id and may not have acknowledged: one of its last {unacknowledged}. The payload
-- may name no time, so the readings alone would not show it.
create or replace temp table redelivered as
with unacknowledged as (
    select m.source, f.lander, m.session, m.packet_id, m.message_id, m.topic, m.payload
    from ({tails}) m
    join {files} f using (file_id)
    join sessions s
        on s.lander = f.lander
        and s.source = m.source
        and s.session = m.session
        and m.received_at >= s.ended_at - interval {unacknowledged}
),
before as (
    select
        again.message_id,
        arg_max(u.topic, (u.session, u.message_id)) as topic,
        arg_max(u.payload, (u.session, u.message_id)) as payload
    from again
    join unacknowledged u
        on u.packet_id = again.packet_id
        and u.lander = again.lander
        and u.source = again.source
        and u.session < again.session
    group by again.message_id
)
select again.message_id
from again
join before
    on before.message_id = again.message_id
    and before.topic = again.topic
    and before.payload = again.payload
