-- How complete is each device and metric by day: readings received of those that its interval promises?
select device_id, metric, date_trunc('day', hour_at) as day, sum(expected)::bigint as expected,
    sum(received)::bigint as received, sum(valid)::bigint as valid,
    round(100 * sum(least(received, expected)) / nullif(sum(expected), 0), 2) as percent, sum(gaps)::bigint as gaps
from gold.quality_hourly
where expected is not null
group by all
order by day desc, percent, device_id, metric;
