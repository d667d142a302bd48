-- Rejects by reason and topic, most first.
select
    reason,
    topic,
    decoder,
    count(*) as rejects,
    min(received_at) as first_at,
    max(received_at) as last_at,
    arg_max(detail, received_at) as example
from silver.rejects
where
    ($reason is null or reason = $reason)
    and ($topic is null or topic glob $topic)
    and ($source is null or source = $source)
    and ($first::timestamptz is null or received_at >= $first::timestamptz)
    and ($last::timestamptz is null or received_at < $last::timestamptz)
    and ($message_id is null or message_id = $message_id::uuid)
group by reason, topic, decoder
order by rejects desc, reason, topic
