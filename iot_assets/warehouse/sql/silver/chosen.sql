-- builds:  chosen, rejects to try again, the oldest first: at most {most}, none tried since {since}
-- from:    silver.rejects, choice (one row: reason, topic, source, first_at, last_at, message_id; null lets all through)
create or replace temp table chosen as
select r.message_id, r.received_at, r.attempts
from silver.rejects r
cross join choice c
where (c.reason is null or r.reason = c.reason)
    and (c.topic is null or r.topic glob c.topic)
    and (c.source is null or r.source = c.source)
    and (c.first_at is null or r.received_at >= c.first_at)
    and (c.last_at is null or r.received_at < c.last_at)
    and (c.message_id is null or r.message_id = c.message_id::uuid)
    and (r.replayed_at is null or r.replayed_at < {since})
order by r.received_at, r.message_id
limit {most}
