-- How many messages came in by hour, and what became of them?
select time_bucket(interval 1 hour, minute_at) as hour_at, sum(messages)::bigint as messages,
    sum(messages) filter (outcome = 'rejected')::bigint as rejected,
    round(100 * sum(messages) filter (outcome = 'rejected') / sum(messages), 3) as percent_rejected,
    round(sum(messages) / 3600, 2) as per_second
from silver.outcome_counts
group by all
order by hour_at desc;
