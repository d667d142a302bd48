select
    reason, topic, count(*) as rejects, max(received_at) as last_at, arg_max(detail, received_at) as detail,
    arg_max(message_id, received_at)::varchar as message_id
from silver.rejects
where {scope}
group by reason, topic
order by rejects desc, reason, topic
limit $most
