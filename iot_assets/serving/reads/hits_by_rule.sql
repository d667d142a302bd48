with by_series as (
    select rule, kind, action, device_id || ' ' || metric as series, count(*) as hits, max(event_at) as newest_at
    from gold.rule_hits
    where {scope}
    group by all
)
select
    rule, kind, action, sum(hits)::bigint as hits, count(*) as series, max(newest_at) as newest_at,
    arg_max(series, hits) as worst
from by_series
group by all
order by hits desc, rule
