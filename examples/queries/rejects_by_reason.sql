-- Which messages could not be read, why, from where, and how does one of them look?
select reason, topic, count(*) as messages, min(received_at) as first_at, max(received_at) as last_at,
    arg_max(detail, received_at) as detail, left(arg_max(payload, received_at)::varchar, 80) as example
from silver.rejects
group by all
order by messages desc, reason, topic;
