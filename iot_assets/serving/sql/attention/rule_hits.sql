-- Hits of rules of late, by rule: how many, and the series with the most of them.
with hits as (
    select rule, action, device_id || ' ' || metric as series, count(*) as hits
    from gold.rule_hits
    where event_at > $since::timestamptz
    group by all
)
select
    rule,
    action,
    sum(hits)::bigint as hits,
    count(*) as series,
    (list(series || ' (' || hits || ')' order by hits desc, series))[:$named] as named
from hits
group by all
order by rule, action
