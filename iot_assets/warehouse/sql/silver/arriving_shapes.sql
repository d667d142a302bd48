-- builds:  arriving_shapes, the shapes of the batch's messages that were read without fault: per route, landed day and
--          shape how many messages have it, and the first of them as an example
-- from:    decoded_readings, decoded_rejects, decoded_outcomes, batch, withdrawn, tried
-- A message counts once, duplicates and redeliveries too: its shape is a matter of its payload alone. So those reopened
-- are left out, unless they gave no readings before or are rejects that a replay tries again (they never counted).
-- What is read with a birth has no shape of its own: it may tell any of the metrics that its birth tells.
-- The metrics of a message are spelled out for one example of each signature only; the signature tells how often a
-- metric occurs, the shape does not.
create or replace temp table arriving_shapes as
with signed as (
    select row, sum(hash(metric, value is null)) as signature
    from decoded_readings
    where row not in (select row from decoded_rejects)
    group by row
),
counted as (
    select
        o.route,
        b.landed_on,
        s.signature,
        count(*) as messages,
        min(b.received_at) as first_seen_at,
        max(b.received_at) as last_seen_at,
        min(s.row) as first_row
    from signed s
    join decoded_outcomes o using (row)
    join batch b using (row)
    where o.route is not null
        and o.sender is null
        and (
            b.message_id not in (select message_id from withdrawn where readings > 0)
            or (select count(*) > 0 from tried)
        )
    group by all
),
spelled as (
    select
        e.signature,
        coalesce(list_sort(list_distinct(list(r.metric) filter (r.value is not null))), []) as numbers,
        coalesce(list_sort(list_distinct(list(r.metric) filter (r.value is null))), []) as texts
    from decoded_readings r
    join (select signature, min(first_row) as row from counted group by signature) e using (row)
    group by e.signature
)
select
    c.route,
    left(md5(array_to_string(s.numbers, chr(10)) || chr(10) || chr(10) || array_to_string(s.texts, chr(10))), 16) as shape,
    c.landed_on,
    s.numbers,
    s.texts,
    c.messages,
    c.first_seen_at,
    c.last_seen_at,
    b.message_id as example_message_id,
    b.topic as example_topic,
    b.payload[:{payload_bytes}] as example_payload
from counted c
join spelled s using (signature)
join batch b on b.row = c.first_row
