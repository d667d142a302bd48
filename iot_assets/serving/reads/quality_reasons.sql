with hours as (
    select * from gold.quality_hourly where {hours}
)
select hour_at as happened_at, 'missing' as what, metric, (expected - received) || ' of ' || expected || ' readings' as detail, null::uuid as message_id
from hours
where received < expected
union all
select hour_at, 'duplicates', metric, duplicates || ' readings said again', null
from hours
where duplicates > 0
union all
select hour_at, 'late', metric, late || ' of ' || received || ' readings', null
from hours
where late > 0
union all
select event_at, 'flag ' || array_to_string(list_intersect(flags, [{excluding}]), ', '), metric, 'value ' || value || ', excluded', message_id
from silver.readings
where {readings} and value is not null and list_has_any(flags, [{excluding}])
union all
select
    event_at,
    'rule ' || rule,
    metric,
    'value ' || value || case when kind in ('range', 'suspect_range', 'sentinel') then '' else ', ' || kind || ' ' || measure end
    || ', limit ' || bound || if(action = 'exclude', ', excluded', ''),
    message_id
from gold.rule_hits
where {readings}
union all
select received_at, 'rejected', null, reason || coalesce(': ' || detail, ''), message_id
from silver.rejects
where {rejects}
