select
    run_id,
    min(checked_at) as first_at,
    max(checked_at) as last_at,
    count(*) as checks,
    count(*) filter (not passed) as failed,
    count(*) filter (not passed and severity ilike 'error') as grave,
    count(distinct table_name) as tables
from gold.quality_log
group by run_id
order by last_at desc, run_id
limit $most
