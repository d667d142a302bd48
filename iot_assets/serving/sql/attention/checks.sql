-- Checks whose newest result is a failure, by table.
with newest as (
    select
        table_name,
        check_name,
        arg_max(passed, checked_at) as passed,
        arg_max(severity, checked_at) as severity,
        arg_max(failing, checked_at) as failing
    from gold.quality_log
    where checked_at > $since::timestamptz
    group by all
)
select
    table_name,
    bool_or(severity ilike 'error') as bad,
    count(*) as checks,
    (list(check_name || ' (' || failing || ' rows)' order by check_name))[:$named] as named
from newest
where not passed and not list_contains($but, check_name)
group by all
order by 1
