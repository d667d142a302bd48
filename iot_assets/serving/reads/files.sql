with taken as (
    select
        *,
        epoch(last_received_at) - epoch(first_received_at) as sealed_s,
        epoch(entered_at) - epoch(last_received_at) as entered_s
    from bronze.files
    where {scope}
)
select
    time_bucket(to_seconds($seconds), entered_at) as bucket_at,
    count(*) as files,
    count(*) filter (state = 'corrupt') as corrupt,
    sum("rows")::bigint as messages,
    sum(bytes)::bigint as bytes,
    quantile_cont(sealed_s, 0.5) as sealed_p50,
    quantile_cont(sealed_s, 0.95) as sealed_p95,
    quantile_cont(entered_s, 0.5) as entered_p50,
    quantile_cont(entered_s, 0.95) as entered_p95
from taken
group by all
order by all
