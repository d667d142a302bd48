select time_bucket(to_seconds($seconds), minute_at) as bucket_at, outcome, sum(messages)::bigint as messages
from silver.outcome_counts
where {scope}
group by all
order by all
