-- builds:  ops.births with what the batch's messages say; relit, the times of arrival between which messages of a topic
--          may be read with another birth than before
-- from:    batch, decoded_births, {kept} (ops.births within the received times of the batch), ops.births
-- A birth that is new, says something else or is gone matters from its own arrival, or where none that is as before
-- precedes it, from the beginning, to the next one that is as before.
create or replace temp table said as
select d.topic, d.part, b.received_at, b.message_id, d.value
from decoded_births d
join batch b using (row);

create or replace temp table changed as
with before as (
    select * from ({kept}) semi join batch using (message_id)
)
(from said except from before)
union
(from before except from said);

create or replace temp table relit as
with unchanged as (
    select b.*
    from ops.births b
    semi join changed using (topic, part)
    anti join changed using (topic, part, message_id)
)
select
    c.topic,
    case when bool_or((u.received_at, u.message_id) < (c.received_at, c.message_id)) then c.received_at
        else timestamptz '1970-01-01 00:00:00+00' end as from_at,
    coalesce(min(u.received_at) filter ((u.received_at, u.message_id) > (c.received_at, c.message_id)),
        timestamptz '9999-12-31 00:00:00+00') as until_at
from changed c
left join unchanged u
    on u.topic = c.topic
    and u.part = c.part
group by c.topic, c.part, c.received_at, c.message_id;

delete from ops.births
where message_id in (select message_id from changed);

insert into ops.births by name
select * from said where message_id in (select message_id from changed)
order by received_at, message_id;
