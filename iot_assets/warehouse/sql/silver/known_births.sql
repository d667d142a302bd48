-- builds:  the births from before that the open batch may need, in the order of arrival: row (of the first message of
--          the batch that arrived later), topic, part, value
-- from:    batch, ops.births
-- Of each topic and part those that arrived while the batch did, the last one before it and the first one after it.
-- A birth whose message is in the batch is found there again.
with ends as (
    select
        min(struct_pack(at := received_at, id := message_id)) as first_arrival,
        max(struct_pack(at := received_at, id := message_id)) as last_arrival
    from batch
),
concerned as (
    select b.*, struct_pack(at := b.received_at, id := b.message_id) as arrival
    from ops.births b
    semi join batch using (topic)
    where b.message_id not in (select message_id from batch)
),
around as (
    select
        c.*,
        c.arrival < ends.first_arrival as before,
        c.arrival > ends.last_arrival as after,
        row_number() over (partition by topic, part, before, after order by arrival) as nth,
        row_number() over (partition by topic, part, before, after order by arrival desc) as nth_last
    from concerned c
    cross join ends
),
needed as (
    select * from around where (not before and not after) or (before and nth_last = 1) or (after and nth = 1)
),
placed as (
    select null as topic, null as part, null as value, received_at, message_id, 1 as messages from batch
    union all
    select topic, part, value, received_at, message_id, 0 from needed
)
select row, topic, part, value
from (
    select
        *,
        (sum(messages) over (order by received_at, message_id rows unbounded preceding))::bigint as row
    from placed
)
where topic is not null
order by received_at, message_id
