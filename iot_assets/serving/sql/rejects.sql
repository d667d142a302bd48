-- The newest rejects, whole.
select *
from silver.rejects
where
    ($reason is null or reason = $reason)
    and ($topic is null or topic glob $topic)
    and ($source is null or source = $source)
    and ($first::timestamptz is null or received_at >= $first::timestamptz)
    and ($last::timestamptz is null or received_at < $last::timestamptz)
    and ($message_id is null or message_id = $message_id::uuid)
order by received_at desc, message_id desc
limit $most
