-- Messages of late, and those of them that were rejected, by source.
select
    source,
    sum(messages)::bigint as messages,
    coalesce(sum(messages) filter (outcome = 'rejected'), 0)::bigint as rejected
from silver.outcome_counts
where minute_at > $since::timestamptz
group by source
order by rejected desc, source
