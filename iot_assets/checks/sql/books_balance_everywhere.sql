-- Days and minutes whose counted outcomes differ from the messages that landed.
with counted as (
    select landed_on, sum(messages) as messages from silver.outcome_counts group by landed_on
),
landed as (
    select landed_on, sum(rows) as messages from bronze.files where state = 'entered' group by landed_on
),
counted_minutes as (
    select source, minute_at, sum(messages) as messages
    from silver.outcome_counts
    where minute_at >= (select coalesce(max(before_at), '-infinity') from ops.pruned)
    group by all
),
landed_minutes as (
    select source, time_bucket(interval 1 minute, received_at) as minute_at, count(*) as messages
    from bronze.messages
    where received_at >= (select coalesce(max(before_at), '-infinity') from ops.pruned)
    group by all
)
select 'day' as width, landed_on::varchar as at, null as source, l.messages as landed, c.messages as counted
from landed l
full join counted c using (landed_on)
where coalesce(l.messages, 0) <> coalesce(c.messages, 0)
union all
select 'minute', minute_at::varchar, source, l.messages, c.messages
from landed_minutes l
full join counted_minutes c using (source, minute_at)
where coalesce(l.messages, 0) <> coalesce(c.messages, 0)
